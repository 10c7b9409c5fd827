"""The words, file endings and looks by which `language_clues` knows programming languages."""

import re
from collections.abc import Mapping

EXTENSIONS: Mapping[str, str] = {
    "python": "py pyi ipynb",
    "javascript": "js jsx mjs cjs vue svelte",
    "typescript": "ts tsx mts",
    "java": "java jsp",
    "go": "go",
    "rust": "rs",
    "c": "c",
    "cpp": "cpp cc cxx hpp hh ino",
    "csharp": "cs csproj cshtml razor xaml",
    "php": "php phtml",
    "ruby": "rb erb gemspec",
    "kotlin": "kt kts",
    "swift": "swift",
    "scala": "scala sbt",
    "sql": "sql",
    "bash": "sh bash zsh bats",
    "html": "html htm",
    "css": "css scss sass less",
    "lua": "lua",
    "r": "r rmd",
    "matlab": "mlx",
    "yaml": "yml yaml",
    "dart": "dart",
    "perl": "pl pm",
    "powershell": "ps1 psm1",
    "haskell": "hs",
    "elixir": "ex exs",
    "clojure": "clj cljs",
    "julia": "jl",
    "zig": "zig",
    "solidity": "sol",
    "gdscript": "gd",
    "hcl": "tf tfvars",
    "ocaml": "ml mli",
    "fsharp": "fs",
    "vb": "vb bas",
    "nix": "nix",
    "assembly": "asm",
}

NAMES: Mapping[str, str] = {
    "python": "python, python3, py, py3",
    "javascript": "javascript, js, ecmascript, vanilla js",
    "typescript": "typescript, ts, tsx",
    "java": "java, java8, java17",
    "go": "golang, go code, go program, go function, go struct, in go, go interface",
    "rust": "rust, rustlang",
    "cpp": "c++, cpp, c++11, c++17, c++20",
    "csharp": "c#, csharp",
    "c": "in c, ansi c, plain c, pure c, c89, c99, c11, c code, c program, c function",
    "php": "php, php8",
    "ruby": "ruby",
    "kotlin": "kotlin",
    "swift": "swift, swiftui",
    "scala": "scala",
    "sql": "sql, postgresql, mysql, tsql, t-sql, plpgsql, pl/sql, mssql, sqlite3",
    "bash": "bash, zsh, shell script, sh script, shellscript",
    "html": "html, html5",
    "css": "css, css3, scss, tailwind, tailwindcss",
    "lua": "lua, luau",
    "matlab": "matlab, simulink",
    "yaml": "yaml, yml",
    "dart": "dart, flutter",
    "perl": "perl",
    "powershell": "powershell, pwsh",
    "haskell": "haskell",
    "dockerfile": "dockerfile, dockerfiles",
    "elixir": "elixir",
    "clojure": "clojure, clojurescript",
    "julia": "julia",
    "zig": "zig",
    "solidity": "solidity",
    "gdscript": "gdscript",
    "hcl": "terraform, hcl",
    "ocaml": "ocaml",
    "fsharp": "f#, fsharp",
    "vb": "vba, vb.net, visual basic",
    "nix": "nixos, nixpkgs",
    "makefile": "makefile",
    "r": "in r, r script, rstudio, ggplot, ggplot2, dplyr, tidyverse, r code",
    "assembly": "x86 assembly, nasm, arm assembly, mips",
}
"""What people call a language."""

TOOLS: Mapping[str, str] = {
    "python": "pip, pip3, pytest, django, flask, fastapi, pandas, numpy, uv run, uv sync, uv add, "
    "pydantic, sqlalchemy, asyncio, matplotlib, pytorch, torch, tensorflow, keras, jupyter, "
    "celery, mypy, ruff, poetry, conda, virtualenv, venv, .venv, pyproject, pyproject.toml, "
    "requirements.txt, argparse, plotly, streamlit, tkinter, pyqt, pyqt5, pyside6, boto3, sklearn, "
    "scikit-learn, beautifulsoup, bs4, pygame, dataclass, dataclasses, dataframe, alembic, "
    "huggingface, scipy, notebook, traceback, kwargs, docstring, docstrings, seaborn, polars",
    "javascript": "npm, npx, node, node.js, nodejs, react, expressjs, express.js, webpack, jquery, vue, vue3, "
    "vuejs, svelte, sveltekit, package.json, electron, three.js, threejs, eslint, vite, yarn, "
    "pnpm, jest, p5.js, chart.js, d3, console.log, discord.js, bun, nextjs, next.js, useeffect, "
    "usestate, react native, expo, webgpu, dom, localstorage, npm run, mongoose, apps script",
    "typescript": "tsconfig, tsconfig.json, zod, nestjs, angular, tsc, deno, trpc, tsdoc, prisma, "
    "vitest, drizzle, rxjs",
    "java": "maven, mvn, spring, springboot, spring boot, junit, jvm, hibernate, pom.xml, lombok, "
    "gradle, jdk, swing, javafx, mockito, nullpointerexception, servlet, jpa, android studio",
    "go": "goroutine, goroutines, gofmt, golangci-lint, gorm, go.mod, go.sum, go mod, go test, "
    "go run, go build, go vet, go get, go-git, errgroup, cobra, t.run, t.runparallel, t.parallel",
    "rust": "cargo, clippy, tokio, serde, rustc, crate, crates, axum, actix, tauri, bevy, "
    "cargo.toml, borrow checker, wgpu, rayon, egui",
    "cpp": "cmake, boost, qt5, qt6, arduino, unreal, opencv, g++, clang++, esp32, platformio, "
    "esp-idf, juce",
    "c": "malloc, gcc, valgrind, segfault, strcpy, printf, stm32, freertos, memcpy, kernel module",
    "csharp": "dotnet, .net, nuget, unity, asp.net, blazor, linq, wpf, monobehaviour, xunit, maui, "
    "winforms, entity framework, ef core, monogame, unity3d",
    "php": "laravel, composer, wordpress, symfony, artisan, phpunit, eloquent, drupal, magento, "
    "livewire, woocommerce",
    "ruby": "rails, rspec, gemfile, bundler, sidekiq, activerecord, rake, rubocop, sinatra, devise",
    "kotlin": "ktor, jetpack compose, jetpack, coroutine, coroutines",
    "swift": "xcode, uikit, swiftdata, cocoapods, xctest, ios app, macos app, testflight, coredata, "
    "appkit",
    "scala": "sbt, akka, zio",
    "sql": "left join, inner join, group by, stored procedure, window function, foreign key, "
    "create table, alter table, insert into, postgres, order by, subquery, snowflake, bigquery",
    "bash": "cron, crontab, sed, awk, grep, chmod, systemd, curl, xargs, rsync, apt, apt-get, jq, "
    "bashrc, zshrc, sudo",
    "html": "iframe, href, navbar, landing page",
    "css": "flexbox, z-index, media query, media queries, box-shadow, padding, stylesheet, hover",
    "lua": "neovim, nvim, roblox, love2d",
    "yaml": "kubernetes, k8s, helm, docker-compose, docker compose, github actions, github action, "
    "ansible, gitlab-ci, kubectl, crd",
    "dart": "pubspec, riverpod, widget tree",
    "powershell": "active directory, start-process, write-host",
    "haskell": "ghc, cabal, monad, monads",
    "elixir": "phoenix, liveview, ecto, genserver, mix test",
    "gdscript": "godot",
    "solidity": "hardhat, foundry, erc20, erc721",
    "dockerfile": "multi-stage build, docker build, docker image, entrypoint",
    "r": "shiny, bioconductor, deseq2, knitr, rmarkdown",
    "vb": "excel macro, msgbox",
}
"""Tools, libraries and terms at home in one language."""

_LOOKS = {
    "python": r"\bdef \w+\([^)]*\)(?: ->[^:]+)?:|\bfrom \w[\w.]* import |"
    r"\bself\.\w+|\belif\b|\bimport (?:os|sys|re|json)\b|\w+Error: |\.py\"|print\(f?[\"']",
    "javascript": r"\b(?:const|let) \w+ =|=> \{|\bfunction ?\w*\([^)]*\) ?\{|require\(|===",
    "typescript": r"\binterface \w+ \{|: (?:string|number|boolean)\b(?:[;,)\[]| [={])|<\w+\[\]>|\bas const\b|"
    r": Promise<|\bimport type\b|export (?:const|type|interface) ",
    "java": r"public (?:static |final )*(?:class|void|int|String)\b|System\.out|@Override|"
    r"\bprivate (?:static |final )+\w+|new ArrayList|@Test\b|\bjava\.\w+\.",
    "go": r"\bfunc (?:\(\w+ \*?\w+\) )?\w+\(|:= |\bpackage main\b|if err != nil|fmt\.\w+|\bchan \w+|"
    r"\b(?:os|strings|time|errors|filepath)\.[A-Z]\w+|\w+_test\.go|--- (?:PASS|FAIL): ",
    "rust": r"\bfn \w+\(|\blet mut\b|impl(?:<\w+>)? \w+ |println!|::new\(|&mut |"
    r"unwrap\(\)|#\[derive",
    "cpp": r"#include <(?:iostream|vector|string|map|algorithm)>|std::|cout ?<<|\btemplate ?<|nullptr",
    "c": r"#include <(?:std\w+|string|unistd)\.h>|\bint main\((?:void|int argc)|\bstruct \w+ \*|"
    r"sizeof\(|\bchar \*|->\w+ =",
    "csharp": r"\bnamespace [\w.]+|using System|Console\.Write|public async Task|string\[\] args|"
    r"\{ get; set; \}|void (?:Start|Update)\(\)",
    "php": r"<\?php|\$this->|\$\w+ = |\becho \$|function \w+\(\$",
    "ruby": r"\.each do|\bdo \|\w+\||attr_accessor|puts |\bend\b \bend\b",
    "kotlin": r"\bfun \w+\(|\bval \w+ ?[:=]|\bdata class\b|suspend fun",
    "swift": r"\bfunc \w+\([^)]*\) (?:throws )?->|\bguard let\b|\bif let \w+ =|@State\b|: View \{",
    "scala": r"\bcase class\b|\bobject \w+ extends\b|\bdef \w+\([^)]*\): \w+ =",
    "sql": r"\b(?:SELECT|select)\b.+\b(?:FROM|from) \w+|\bINSERT INTO\b|\bCREATE TABLE\b|"
    r"\bUPDATE \w+ SET\b|\bALTER TABLE\b",
    "bash": r"#!/(?:usr/)?bin/(?:env )?(?:ba|z)?sh|\bfi\b|; done\b|\$\{\w+\}|^\$ \w+",
    "html": r"<!DOCTYPE|</?(?:html|div|body|head|form|table|span|button|input|p|ul)\b[^>]*>",
    "css": r"\{\s*[\w-]+:\s*[^;{}]+;[^{}]*\}|@media\b",
    "lua": r"\blocal \w+ =|\bfunction \w+[.:]\w+\(",
    "r": r"<- (?:function|c\(|read)|library\(\w+\)|%>%",
    "matlab": r"\bfunction \[?\w+\]? = \w+\(|\bfprintf\(|zeros\(\d",
    "yaml": r"\bapiVersion:|\bruns-on:|\bservices: |\bsteps: |\buses: ",
    "dart": r"\bWidget build\(|extends Stat\w+Widget|setState\(\(\)",
    "perl": r"\buse strict;|\bmy [$@%]\w+",
    "powershell": r"\b(?:Get|Set|New|Remove|Add|Start|Stop|Out|Invoke|Import|Export|ConvertTo|Test|Select|"
    r"Where|ForEach|Write|Register|Unregister|Enable|Disable|Restart|Copy|Move)-[A-Z]\w+|"
    r"-ErrorAction|\$env:|\[System\.[\w.]+\]::|\$_\.",
    "haskell": r"\w+ :: \w+ ->",
    "dockerfile": r"\bFROM [\w/.-]+:[\w.-]+|\bRUN (?:apt|pip|npm)|\bENTRYPOINT \[",
    "hcl": r"\bresource \"|\bvariable \"",
    "gdscript": r"\bextends (?:Node|Character)\w+|@onready|@export var",
}
_ERRORS = {
    "python": r"Traceback \(most recent|No module named|\bunhashable type|codec can't (?:en|de)code|"
    r"\b(?:Key|Value|Index|Attribute|Import|ModuleNotFound|Indentation|Name|UnboundLocal|"
    r"Unicode\w+|ZeroDivision|FileNotFound|NotImplemented|Recursion)Error\b|"
    r"'\w+' object (?:has|is)|\btakes \d+ positional argument",
    "javascript": r"Cannot read propert|\bUncaught |undefined is not|\bis not a function|"
    r"\b(?:Reference|Range)Error\b|Cannot find module|\bERR_[A-Z]+_[A-Z_]+|\bnpm ERR!|"
    r"Cannot use import statement|Unhandled ?Promise ?Rejection|\bat \S+\.js:\d+",
    "typescript": r"\bTS\d{4}\b|\bnot assignable to (?:type|parameter)|does not exist on type|"
    r"implicitly has an '?any",
    "java": r"\bNullPointerException|Exception in thread|\(\w+\.java:\d+\)|error: cannot find symbol|"
    r"\bexpected:<[^>]*> but was|\bClass(?:NotFound|Cast)Exception|\bNoSuchMethodError",
    "go": r"\bpanic: |\bundefined: \w|declared (?:and|but) not used|nil pointer dereference|"
    r"imported and not used|goroutine \d+ \[",
    "rust": r"error\[E\d+\]|does not live long enough|cannot borrow [`']|use of moved value|"
    r"thread '[^']*' panicked|borrowed value",
    "cpp": r"undefined reference to|no matching function for call|\bstd::bad_alloc|\bLNK\d{4}\b",
    "c": r"implicit declaration of function|incompatible pointer type",
    "csharp": r"\bNullReferenceException|\bCS\d{4}\b|Object reference not set",
    "php": r"Fatal error: Uncaught|Undefined (?:variable|index|array key|property)|"
    r"Call to (?:a member|undefined) function|\.php on line \d+",
    "ruby": r"\bNoMethodError|undefined (?:method|local variable)|for nil:NilClass|\(NameError\)",
    "kotlin": r"Unresolved reference|Smart cast to",
    "swift": r"unexpectedly found nil|Cannot convert value of type|\bEXC_BAD_ACCESS",
    "scala": r"is not a member of (?:object|package)",
    "sql": r"\bORA-\d{5}|syntax error at or near|violates (?:foreign key|unique|not-null|check)|"
    r"relation \"[^\"]+\" does not exist|Unknown column|duplicate key value|no such (?:table|column)",
    "bash": r"syntax error near unexpected token|: bad substitution|: unbound variable",
    "lua": r"attempt to (?:index|call|compare|concatenate) a?",
    "r": r"could not find function|object '[\w.]+' not found",
    "dart": r"RenderFlex overflowed|\bLateInitializationError",
    "powershell": r"\bFullyQualifiedErrorId|is not recognized as (?:the name of )?a cmdlet",
    "haskell": r"Couldn't match (?:expected )?type|No instance for \(",
    "elixir": r"\*\* \(\w+Error\)|\bFunctionClauseError",
    "julia": r"no method matching \w+\(",
}


def _compiled(patterns: Mapping[str, str]) -> Mapping[str, re.Pattern[str]]:
    return {language: re.compile(pattern) for language, pattern in patterns.items()}


LOOKS = _compiled(_LOOKS)
"""The look of code."""
ERRORS = _compiled(_ERRORS)
"""What only one language's compiler, interpreter or test runner says."""
