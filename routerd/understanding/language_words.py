"""The words, file endings and looks by which `language_clues` knows programming languages."""

import re
from collections.abc import Mapping

EXTENSIONS: Mapping[str, str] = {
    "python": "py pyi ipynb pyx",
    "javascript": "js jsx mjs cjs vue svelte",
    "typescript": "ts tsx mts",
    "java": "java jsp",
    "go": "go",
    "rust": "rs",
    "c": "c",
    "cpp": "cpp cc cxx hpp hh ino cu cuh",
    "csharp": "cs csproj cshtml razor xaml",
    "php": "php phtml twig",
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
    "matlab": "mlx m",
    "yaml": "yml yaml",
    "dart": "dart",
    "perl": "pl pm",
    "powershell": "ps1 psm1",
    "haskell": "hs",
    "elixir": "ex exs heex",
    "clojure": "clj cljs edn",
    "julia": "jl",
    "zig": "zig",
    "solidity": "sol",
    "gdscript": "gd",
    "hcl": "tf tfvars",
    "ocaml": "ml mli",
    "fsharp": "fs fsx",
    "vb": "vb bas",
    "nix": "nix",
    "assembly": "asm",
    "groovy": "groovy",
    "fortran": "f90 f95",
    "cobol": "cbl cob",
    "verilog": "sv svh",
    "vhdl": "vhd vhdl",
    "glsl": "glsl frag vert",
    "erlang": "erl hrl",
    "nim": "nim",
}

NAMES: Mapping[str, str] = {
    "python": "python, python3, py, py3",
    "javascript": "javascript, js, ecmascript, vanilla js",
    "typescript": "typescript, tsx",
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
    "sql": "sql, tsql, t-sql, plpgsql, pl/sql",
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
    "fortran": "fortran",
    "cobol": "cobol",
    "latex": "latex, xelatex",
    "verilog": "verilog, systemverilog",
    "vhdl": "vhdl",
    "glsl": "glsl",
    "groovy": "groovy, jenkinsfile",
    "erlang": "erlang",
    "nim": "nimlang",
    "objectivec": "objective-c, objc",
    "abap": "abap",
}
"""What people call a language."""

TOOLS: Mapping[str, str] = {
    "python": "pip, pip3, pytest, django, flask, fastapi, pandas, numpy, uv run, uv sync, uv add, "
    "pydantic, sqlalchemy, asyncio, matplotlib, pytorch, torch, tensorflow, keras, "
    "jupyter, celery, mypy, ruff, poetry, conda, virtualenv, venv, .venv, pyproject, "
    "pyproject.toml, requirements.txt, argparse, plotly, streamlit, tkinter, pyqt, pyqt5, "
    "pyside6, boto3, sklearn, scikit-learn, beautifulsoup, bs4, pygame, dataclass, "
    "dataclasses, dataframe, alembic, huggingface, scipy, notebook, traceback, kwargs, "
    "docstring, docstrings, seaborn, polars, subprocess.run, httpx, pathlib, parametrize, "
    "manage.py, aiogram, openpyxl, uvicorn, gunicorn, ipywidgets, tmp_path, __init__, "
    "pyinstaller, pipenv, pyspark, xgboost, lightgbm, langchain, langgraph, gradio, "
    "networkx, scrapy, aiohttp, starlette, jupyterlab, google colab, statsmodels, flake8, "
    "pylint, type hints, list comprehension, state_dict, dtype, "
    "settingwithcopywarning, nonetype, pyaudio, pyautogui, discord.py",
    "javascript": "npm, npx, node, node.js, nodejs, react, expressjs, express.js, webpack, jquery, vue, "
    "vue3, vuejs, svelte, sveltekit, package.json, electron, three.js, threejs, eslint, "
    "vite, yarn, pnpm, jest, p5.js, chart.js, d3, console.log, discord.js, bun, nextjs, "
    "next.js, useeffect, usestate, react native, expo, webgpu, dom, localstorage, npm "
    "run, mongoose, apps script, runes, addeventlistener, settimeout, "
    "json.stringify, promise.all, v-model, v-for, innerhtml, composition api, options "
    "api, script setup, onmount, fastify, bookmarklet, userscript, tampermonkey, "
    "socket.io, puppeteer, phaser, alpine.js, usememo, useref, usecallback, usecontext, "
    "redux, zustand, jsx, react router, gatsby, nuxt, nodemon, esbuild, "
    "chrome extension, esm, no-unused-vars",
    "typescript": "ts, tsconfig, tsconfig.json, zod, nestjs, angular, tsc, deno, trpc, tsdoc, "
    "prisma, vitest, drizzle, rxjs, ngoninit, ngrx, nullinjectorerror, "
    "expressionchangedafterithasbeencheckederror, keyof, typeorm, shadcn, standalone "
    "components, hydration failed",
    "java": "maven, mvn, spring, springboot, spring boot, junit, jvm, hibernate, pom.xml, lombok, "
    "gradle, jdk, swing, javafx, mockito, nullpointerexception, servlet, jpa, android "
    "studio, bean, javadoc, autowired, springboottest, mapstruct, bigdecimal, junit5, "
    "jdbc, tomcat, virtual threads, arraylist, quarkus, micronaut, responseentity, "
    "restcontroller, system.out.println, illegalargumentexception, spigot",
    "go": "goroutine, goroutines, gofmt, golangci-lint, gorm, go.mod, go.sum, go mod, go test, "
    "go run, go build, go vet, go get, go-git, errgroup, cobra, sync.once, import cycle, "
    "errors.join, t.parallels, t.run, t.runparallel, t.parallel, context.context, sync.mutex, "
    "waitgroup, slog, pprof, godoc, net/http, go func, t.tempdir, sqlc, table tests, table-driven tests, bubbletea, lipgloss, nil "
    "map, fmt.errorf, httptest, nil pointer",
    "rust": "cargo, clippy, tokio, serde, rustc, crate, crates, axum, actix, tauri, bevy, "
    "cargo.toml, borrow checker, wgpu, rayon, egui, mut, usize, refcell, proptest, "
    "thiserror, clap, trait bound, sqlx, leptos, unwrap, rust_backtrace, "
    "tokio-runtime-worker",
    "cpp": "cmake, qt5, qt6, arduino, unreal, opencv, g++, clang++, esp32, platformio, "
    "esp-idf, juce, unique_ptr, shared_ptr, qobject, vtable, constexpr, noexcept, catch2, "
    "qml, vcpkg, raii, gtest, googletest, imgui, sfml, sdl2, string_view, serial.println, "
    "dht22, qthread, static_cast, qt",
    "c": "malloc, gcc, valgrind, segfault, strcpy, printf, stm32, freertos, memcpy, kernel "
    "module, scanf, fgets, snprintf, strncpy, strlen, qsort, uint8_t, uint16_t, typedef "
    "struct, zephyr, avr, heap-buffer-overflow",
    "csharp": "dotnet, .net, nuget, unity, asp.net, blazor, linq, wpf, monobehaviour, xunit, maui, "
    "winforms, entity framework, ef core, monogame, unity3d, cancellationtoken, "
    "scriptableobject, scriptableobjects, playerprefs, serializefield, gameobject, "
    "dbcontext, appsettings.json, avalonia, hangfire, mediatr, automapper, "
    "serilog, nunit, signalr, fixedupdate, ef, transform.position, minimal api, foreach "
    "var",
    "php": "laravel, composer install, composer require, composer update, composer.json, "
    "wordpress, symfony, artisan, phpunit, eloquent, drupal, magento, livewire, "
    "woocommerce, sqlstate, pestphp, phpdoc, phpstan, codeigniter, "
    "add_action, add_filter, shortcode, isset, wp-config, pdo, wpdb",
    "ruby": "rails, rspec, gemfile, bundle exec, bundle install, sidekiq, activerecord, rake, "
    "rubocop, sinatra, nilclass, actionview, activestorage, capybara, minitest, hotwire, erb, "
    "factorybot",
    "kotlin": "ktor, jetpack compose, jetpack, coroutine, coroutines, viewmodel, viewmodels, "
    "stateflow, livedata, kdoc, lazycolumn, hilt, mockk, detekt, retrofit, workmanager, "
    "coroutinescope, lateinit, sealed class",
    "swift": "xcode, uikit, swiftdata, cocoapods, xctest, ios app, macos app, testflight, "
    "coredata, appkit, observableobject, mainactor, stateobject, codable, sendable, "
    "urlsession, asyncstream, contentview, avfoundation, healthkit, storekit, "
    "nonisolated, uiviewcontroller, actor-isolated",
    "scala": "sbt, akka, zio, munit, http4s, scaladoc, cats effect",
    "sql": "left join, inner join, group by, stored procedure, window function, foreign key, "
    "create table, alter table, insert into, postgres, postgresql, mysql, mssql, order by, "
    "subquery, snowflake, bigquery, cte, ctes, row_number, date_trunc, partition by, "
    "primary key, varchar, timestamptz, dbt, seq scan, index scan, explain analyze, create index, bigserial, "
    "add column, pgtap, having count, not null, staging model, incremental model",
    "bash": "cron, crontab, sed, awk, grep, chmod, systemd, curl, xargs, rsync, apt, apt-get, jq, "
    "bashrc, zshrc, sudo, bats, shellcheck, pipefail, bin/bash, rm rf, mkdir p, sbatch, esac",
    "html": "iframe, href, navbar, landing page, img src, input type, form action",
    "css": "flexbox, z-index, media query, media queries, box-shadow, padding, stylesheet, "
    "hover, border-radius, max-width, grid-template-columns, position sticky, box-sizing, "
    "css grid, rgba, white-space, overflow-x, font-weight, 100vh, 1fr, custom properties",
    "lua": "neovim, nvim, roblox, love2d, ipairs, metatable, nil value",
    "yaml": "kubernetes, k8s, helm, docker-compose, docker compose, github actions, github "
    "action, ansible, gitlab-ci, kubectl, crd, ubuntu-latest, livenessprobe, configmap, "
    "statefulset, kustomize, argocd, oomkilled, github workflow, gitlab ci, "
    "actions/checkout@v4, pull_request_target, reusable workflow, helmfile, apiversion, "
    "runs-on, workflow_dispatch",
    "dart": "pubspec, riverpod, widget tree, renderflex, pubspec.yaml, statelesswidget, pumpwidget",
    "powershell": "active directory, start-process, write-host, pester, get-childitem, get-aduser, "
    "foreach-object, where-object, import-csv, invoke-restmethod, cmdlet, whatif, "
    "get-date",
    "haskell": "ghc, cabal, monad, monads, hspec, quickcheck, haddock, mvar, readert, "
    "foldl, typeclass",
    "elixir": "phoenix, liveview, ecto, genserver, mix test, oban, handle_info, exunit, moduledoc, "
    "phx.server, ecto.migrate, postgrex.error",
    "gdscript": "godot, onready, _physics_process, _process, characterbody2d, queue_free, "
    "move_and_slide",
    "solidity": "hardhat, foundry, erc20, erc721, uint256, msg.sender, reentrancy, natspec, calldata, "
    "openzeppelin, bytes32, block.timestamp, solc",
    "dockerfile": "multi-stage build, docker build, docker image, entrypoint, workdir, multi stage",
    "r": "shiny, bioconductor, deseq2, knitr, rmarkdown, testthat, group_by, mutate, roxygen, "
    "purrr, data.table, data.frame, lmer, tibble, renv, na.rm, geom_line",
    "vb": "excel macro, msgbox, xlup, userform",
    "hcl": "for_each, tfstate, terragrunt, opentofu, aws_db_instance, aws_instance, forces "
    "replacement, moved blocks",
    "julia": "loaderror, methoderror, boundserror, taskfailedexception",
    "matlab": "app designer, matlab.unittest, ode45, readtable",
    "perl": "cpan, perlcritic, via package",
    "zig": "comptime",
    "assembly": "eax, rax",
    "verilog": "posedge, negedge, rst_n, vivado",
    "latex": "tikz, booktabs",
    "fortran": "gfortran",
    "cobol": "copybook",
    "glsl": "vec4, fragment shader",
}
"""Tools, libraries and terms at home in one language."""

_LOOKS = {
    "python": r"\bdef \w+\([^)]*\)(?: ->[^:]+)?:(?! [A-Z]\w*(?:\[[^\]]*\])? =)|"
    r"\bfrom \w[\w.]* import |"
    r"\bself\.\w+|\belif\b|\bimport (?:os|sys|re|json)\b|"
    r"\b(?:Type|Assertion)Error: |\bclass \w+\(\w+\):|\.py\"|print\(f?[\"']",
    "javascript": r"\b(?:const|let) \w+ =|=> \{|\bfunction ?\w*\([^)]*\) ?\{|require\(|"
    # A line of a log stands between such signs as well: "=== Step 6 ===".
    r"!==|[)\]] ?===|\.\w+ ?===|=== ?(?:['\"\d(]|(?:null|undefined|true|false|typeof)\b)",
    "typescript": r"\binterface \w+ \{|: (?:string|number|boolean)\b(?:[;,)\[]| [={])|<\w+\[\]>|\bas const\b|"
    r": Promise<|\bimport type\b|export (?:const|type|interface) ",
    "java": r"public (?:static |final )*(?:class|void|int|String)\b|System\.out|@Override|"
    r"\bprivate (?:static |final )+\w+|new ArrayList|@Test\b|\bjava\.\w+\.",
    "go": r"\bfunc (?:\(\w+ \*?\w+\) )?\w+\(|:= |\bpackage main\b|if err != nil|fmt\.\w+|\bchan \w+|"
    r"\b(?:os|strings|time|errors|filepath)\.[A-Z]\w+|\w+_test\.go|--- (?:PASS|FAIL): ",
    "rust": r"\bfn \w+\(|\blet mut\b|impl(?:<\w+>)? \w+ |println!|::new\(|&mut |"
    r"unwrap\(\)|#\[derive",
    "cpp": r"#include <(?:iostream|vector|string|map|algorithm)>|std::|cout ?<<|\btemplate ?<|nullptr|"
    r"\bvoid \w+::\w+\(|\bQ[A-Z][a-z]\w+ ?[:*]",
    "c": r"#include <(?:std\w+|string|unistd)\.h>|\bint main\((?:void|int argc)|\bstruct \w+ \*|"
    r"sizeof\(|\bchar \*|->\w+ =",
    "csharp": r"\bnamespace [\w.]+|using System|Console\.Write|public async Task|string\[\] args|"
    r"\{ get; set; \}|void (?:Start|Update)\(\)",
    "php": r"<\?php|\$this->|\$\w+ = |\becho \$|function \w+\(\$|"
    r"\$_(?:GET|POST|SESSION|SERVER)\b",
    "ruby": r"\.each do|\bdo \|\w+\||attr_accessor|\bputs [\"']|\bend\b \bend\b|"
    r"\b(?:Style|Layout|Lint|Metrics|Naming|Rails|RSpec)/[A-Z]\w+",
    "kotlin": r"\bfun \w+\(|\bval \w+ ?[:=]|\bdata class\b|suspend fun",
    "swift": r"\bfunc \w+\([^)]*\) (?:throws )?->|\bguard let\b|\bif let \w+ =|@State\b|: View \{",
    "scala": r"\bcase class\b|\bobject \w+ extends\b|"
    r"\bdef \w+\([^)]*\): [A-Z]\w*(?:\[[^\]]*\])? =",
    "sql": r"\b(?:SELECT|select)\b.+\b(?:FROM|from) \w+|\bINSERT INTO\b|\bCREATE TABLE\b|"
    r"\bUPDATE \w+ SET\b|\bALTER TABLE\b",
    "bash": r"#!/(?:usr/)?bin/(?:env )?(?:ba|z)?sh|\bfi\b|; done\b|\$\{\w+\}|^\$ \w+|"
    r"(?:^|[\n;]) ?export [A-Z_]+=",
    "html": r"<!DOCTYPE|</?(?:html|div|body|head|form|table|tr|td|th|span|button|input|p|ul|li|nav|h[1-6])\b[^>]*>",
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
    "hcl": r"\bresource \"|\bvariable \"|\baws_\w+\.(?!(?:py|js|ts|sh|json|ya?ml|md)\b)\w+",
    "julia": r"@testset|@test \w|::Vector\{|\bpush!\(",
    "solidity": r"\bpragma solidity|\bmsg\.sender\b|\bpayable\(|\bmapping ?\(address",
    "verilog": r"\balways @|\bmodule \w+ ?(?:#|\(\s*(?:input|output|inout)\b)|\bendmodule\b",
    "zig": r"\bpub fn \w+|@import\(\"std\"\)|\btry std\.",
    "gdscript": r"\bextends (?:Node|Character)\w+|@onready|@export var",
}
_ERRORS = {
    "python": r"Traceback \(most recent|No module named|\bunhashable type|codec can't (?:en|de)code|"
    r"\b(?:Key|Value|Index|Attribute|Import|ModuleNotFound|Indentation|Name|UnboundLocal|"
    r"Unicode\w+|ZeroDivision|FileNotFound|NotImplemented|Recursion|"
    r"Runtime|OS|Permission|Memory|Connection)Error\b|unsupported operand type|"
    r"(?<![\w.])(?!java\.|org\.|com\.)[a-z]\w*(?:\.\w+){1,5}Error: |"
    r"missing \d+ required positional|"
    r"'\w+' object (?:has|is)|\btakes \d+ positional argument",
    "javascript": r"Cannot read propert|\bUncaught |undefined is not|\bis not a function|"
    r"\b(?:Reference|Range)Error\b|Cannot find module|\bERR_[A-Z]+_[A-Z_]+|\bnpm ERR!|"
    r"Cannot use import statement|Unhandled ?Promise ?Rejection|\bat \S+\.js:\d+",
    "typescript": r"\bTS\d{4}\b|\bnot assignable to (?:type|parameter)|does not exist on type|"
    r"implicitly has an '?any",
    "java": r"\bNullPointerException|Exception in thread|\(\w+\.java:\d+\)|error: cannot find symbol|"
    r"\bexpected:<[^>]*> but was|\bClass(?:NotFound|Cast)Exception|\bNoSuchMethodError",
    "go": r"\bpanic: |\bundefined: (?!NaN\b|undefined\b|null\b)\w|"
    r"declared (?:and|but) not used|nil pointer dereference|"
    r"imported and not used|goroutine \d+ \[",
    "rust": r"error\[E\d+\]|does not live long enough|cannot borrow [`']|use of moved value|"
    r"thread '[^']*' panicked|borrowed value",
    "cpp": r"undefined reference to|no matching function for call|\bstd::bad_alloc|\bLNK\d{4}\b",
    "c": r"implicit declaration of function|incompatible pointer type",
    "csharp": r"\bNullReferenceException|\bSystem\.\w+(?:\.\w+)*Exception|\bCS\d{4}\b|Object reference not set",
    "php": r"Fatal error: Uncaught|SQLSTATE\[|Undefined (?:variable|index|array key|property)|"
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
    "dart": r"RenderFlex overflowed|Exception caught by widgets library|\bLateInitializationError",
    "powershell": r"\bFullyQualifiedErrorId|is not recognized as (?:the name of )?a cmdlet",
    "haskell": r"Couldn't match (?:expected )?type|No instance for \(",
    "elixir": r"\*\* \([\w.]+Error\)|\bFunctionClauseError",
    "julia": r"no method matching \w+\(|\bUndefVarError|\bLoadError: ",
    "gdscript": r"Invalid (?:call|get index|access)\b[^\n]{1,80}\bon base|Nonexistent function '",
    "solidity": r"\bEvmError: |VM Exception while processing",
}


def _compiled(patterns: Mapping[str, str]) -> Mapping[str, re.Pattern[str]]:
    return {language: re.compile(pattern) for language, pattern in patterns.items()}


LOOKS = _compiled(_LOOKS)
"""The look of code."""
ERRORS = _compiled(_ERRORS)
"""What only one language's compiler, interpreter or test runner says."""
