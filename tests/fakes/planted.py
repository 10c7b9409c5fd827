"""Secrets and personal data made by the published shapes, never real ones, and where they stand."""

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"
URL = ALNUM + "-_"

Make = Callable[[random.Random], str]


def some(alphabet: str, length: int) -> Make:
    """Return a maker of random characters, at least one a digit and one a letter."""

    def make(rng: random.Random) -> str:
        body = [rng.choice(alphabet) for _ in range(length)]
        letters = [c for c in alphabet if c.isalpha()]
        digits = [c for c in alphabet if c.isdigit()]
        for place, choice in zip(rng.sample(range(length), 4), (letters, digits) * 2, strict=True):
            body[place] = rng.choice(choice)
        return "".join(body)

    return make


def shaped(*parts: str | Make) -> Make:
    """Return a maker that puts fixed and random parts together."""
    return lambda rng: "".join(part if isinstance(part, str) else part(rng) for part in parts)


def uuid(rng: random.Random) -> str:
    """Return a UUID's text."""
    return "-".join(
        some(HEX, n)(rng) if n > 4 else "".join(rng.choices(HEX, k=n)) for n in (8, 4, 4, 4, 12)
    )


def pem(rng: random.Random) -> str:
    """Return what a private key's file looks like."""
    kind = rng.choice(["RSA ", "EC ", "OPENSSH ", ""])
    lines = "\n".join(some(ALNUM + "+/", 64)(rng) for _ in range(rng.randint(4, 20)))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def jwt(rng: random.Random) -> str:
    """Return three base64url parts, the first a header."""
    return f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{some(URL, 60)(rng)}.{some(URL, 43)(rng)}"


def password(rng: random.Random) -> str:
    """Return a password of a person or a generator."""
    word = "".join(rng.choice("bcdfghklmnprstvw") + rng.choice("aeiou") for _ in range(3))
    return rng.choice(
        [
            f"{word.capitalize()}{rng.randint(10, 9999)}{rng.choice('!#?%&')}",
            some(ALNUM + "!#%&?+", rng.randint(12, 24))(rng),
            f"{word}-{rng.randint(10, 99)}-{word[::-1]}{rng.choice('!?')}",
        ]
    )


# Keys whose shape tells what they are.
SHAPED: tuple[tuple[str, Make], ...] = (
    ("anthropic", shaped("sk-ant-api03-", some(URL, 93), "AA")),
    ("openai", shaped("sk-proj-", some(ALNUM, 74), "T3BlbkFJ", some(ALNUM, 74))),
    ("openai legacy", shaped("sk-", some(ALNUM, 20), "T3BlbkFJ", some(ALNUM, 20))),
    ("google", shaped("AIza", some(URL, 35))),
    ("google oauth", shaped("GOCSPX-", some(URL, 28))),
    ("aws id", shaped("AKIA", some(string.ascii_uppercase + "234567", 16))),
    ("github", shaped("ghp_", some(ALNUM, 36))),
    ("github fine", shaped("github_pat_", some(ALNUM, 22), "_", some(ALNUM, 59))),
    ("gitlab", shaped("glpat-", some(URL[:-2], 20))),
    ("slack bot", shaped("xoxb-", lambda r: str(r.randint(10**11, 10**12 - 1)), "-", lambda r: str(r.randint(10**11, 10**12 - 1)), "-", some(ALNUM, 24))),
    ("slack hook", shaped("https://hooks.slack.com/services/T", some(string.ascii_uppercase + "0123456789", 8), "/B", some(string.ascii_uppercase + "0123456789", 8), "/", some(ALNUM, 24))),
    ("stripe", shaped("sk_live_", some(ALNUM, 24))),
    ("stripe restricted", shaped("rk_live_", some(ALNUM, 99))),
    ("stripe hook", shaped("whsec_", some(ALNUM, 32))),
    ("sendgrid", shaped("SG.", some(URL, 22), ".", some(URL, 43))),
    ("twilio", shaped("SK", some(HEX, 32))),
    ("npm", shaped("npm_", some(ALNUM, 36))),
    ("pypi", shaped("pypi-AgEIcHlwaS5vcmc", some(URL, 90))),
    ("hugging face", shaped("hf_", some(ALNUM, 34))),
    ("databricks", shaped("dapi", some(HEX, 32))),
    ("digitalocean", shaped("dop_v1_", some(HEX, 64))),
    ("doppler", shaped("dp.pt.", some(ALNUM, 43))),
    ("dynatrace", shaped("dt0c01.", some(string.ascii_uppercase + "234567", 24), ".", some(string.ascii_uppercase + "234567", 64))),
    ("groq", shaped("gsk_", some(ALNUM, 52))),
    ("grafana", shaped("glsa_", some(ALNUM, 32), "_", some(HEX, 8))),
    ("linear", shaped("lin_api_", some(ALNUM, 40))),
    ("mailchimp", shaped(some(HEX, 32), "-us14")),
    ("mailgun", shaped("key-", some(HEX, 32))),
    ("new relic", shaped("NRAK-", some(string.ascii_uppercase + "0123456789", 27))),
    ("notion", shaped("ntn_", lambda r: str(r.randint(10**10, 10**11 - 1)), some(ALNUM, 35))),
    ("openrouter", shaped("sk-or-v1-", some(HEX, 64))),
    ("perplexity", shaped("pplx-", some(ALNUM, 48))),
    ("planetscale", shaped("pscale_tkn_", some(URL, 43))),
    ("postman", shaped("PMAK-", some(HEX, 24), "-", some(HEX, 34))),
    ("pulumi", shaped("pul-", some(HEX, 40))),
    ("replicate", shaped("r8_", some(ALNUM, 37))),
    ("rubygems", shaped("rubygems_", some(HEX, 48))),
    ("sentry", shaped("sntryu_", some(HEX, 64))),
    ("shopify", shaped("shpat_", some(HEX, 32))),
    ("square", shaped("sq0csp-", some(URL, 43))),
    ("tailscale", shaped("tskey-auth-", some(ALNUM, 12), "-", some(ALNUM, 32))),
    ("telegram", shaped(lambda r: str(r.randint(10**8, 10**10 - 1)), ":AA", some(URL, 33))),
    ("terraform", shaped(some(ALNUM, 14), ".atlasv1.", some(URL, 67))),
    ("vault", shaped("hvs.", some(URL, 95))),
    ("xai", shaped("xai-", some(ALNUM, 80))),
    ("age", shaped("AGE-SECRET-KEY-1", lambda r: "".join(r.choices("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", k=58)))),
    ("azure storage", shaped("AccountKey=", some(ALNUM + "+/", 86), "==")),
    ("jwt", jwt),
    ("private key", pem),
    ("url with password", shaped("postgresql://svc_orders:", some(ALNUM, 16), "@db.prod.internal:5432/orders")),
)  # fmt: skip
# Keys that only the name before them tells.
NAMED: tuple[tuple[str, Make], ...] = (
    ("AWS_SECRET_ACCESS_KEY", some(ALNUM + "/+", 40)),
    ("DATADOG_API_KEY", some(HEX, 32)),
    ("CLOUDFLARE_API_TOKEN", some(URL, 40)),
    ("HEROKU_API_KEY", uuid),
    ("TWILIO_AUTH_TOKEN", some(HEX, 32)),
    ("MISTRAL_API_KEY", some(ALNUM, 32)),
    ("COHERE_API_KEY", some(ALNUM, 40)),
    ("ALGOLIA_ADMIN_KEY", some(HEX, 32)),
    ("SNYK_TOKEN", uuid),
    ("OKTA_TOKEN", shaped("00", some(URL, 40))),
    ("DISCORD_CLIENT_SECRET", some(URL, 32)),
    ("CODECOV_TOKEN", uuid),
    ("INTERNAL_API_KEY", some(ALNUM, 32)),
    ("SESSION_SECRET", some(ALNUM, 48)),
    ("PAYMENT_SERVICE_TOKEN", some(URL, 40)),
    ("DB_PASSWORD", password),
    ("SMTP_PASSWORD", password),
    ("ADMIN_PASSWORD", password),
)
WITH_NAME = (
    "{name}={value}",
    'export {name}="{value}"',
    'const {name} = "{value}";',
    "{name}: {value}",
    '{{"{name}": "{value}"}}',
    '{name} = "{value}"  # do not commit',
    "- name: {name}\n  value: \"x\"\n{name}: '{value}'",
)
WITHOUT_NAME = (
    "{value}",
    "the key I use is {value} and it stopped working",
    'curl -H "Authorization: Bearer {value}" https://api.internal/v1/jobs',
    "2026-11-02T10:00:01Z ERROR request failed, headers: {{'x-key': '{value}'}}",
    "+    client = Client('{value}')",
    'TOKEN="{value}" make deploy',
    "KEY={value}",
)
PROSE_PASSWORDS = (
    "my password is {value}, why does the login fail?",
    "password: {value}",
    "the db password was {value} before the move",
)
PEOPLE: tuple[tuple[str, Make], ...] = (
    ("email", lambda r: f"{r.choice(['maria', 'jonas', 'wei', 'amara'])}.{r.choice(['keller', 'ito', 'novak', 'silva'])}@{r.choice(['kellerwerke.de', 'nordbank.eu', 'gmail.com'])}"),
    ("card", lambda r: _luhn(r)),
    ("iban", lambda r: _iban(r)),
    ("ssn", lambda r: f"{r.randint(100, 665)}-{r.randint(10, 99)}-{r.randint(1000, 9998)}"),
    ("phone", lambda r: f"+49 {r.randint(151, 179)} {r.randint(2000000, 9899999)}"),
)  # fmt: skip
PEOPLE_PLACES = (
    "customer record: {value}",
    '{{"contact": "{value}", "active": true}}',
    "INSERT INTO customers VALUES (17, '{value}');",
    "please write to {value} about the invoice",
)


def _luhn(rng: random.Random) -> str:
    body = [4, *(rng.randint(0, 9) for _ in range(14))]
    doubled = [d if place % 2 else (d * 2 - 9 if d > 4 else d * 2) for place, d in enumerate(body)]
    digits = "".join(map(str, [*body, -sum(doubled) % 10]))
    return rng.choice([digits, " ".join(digits[i : i + 4] for i in range(0, 16, 4))])


def _iban(rng: random.Random) -> str:
    account = "".join(str(rng.randint(0, 9)) for _ in range(18))
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"


@dataclass(frozen=True, slots=True)
class Planted:
    """One text with something planted in it: `value` at `text[start:end]`."""

    what: str
    kind: str
    text: str
    value: str

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.text.index(self.value)

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.value)


def corpus(seed: int, each: int, surroundings: list[str]) -> Iterator[Planted]:
    """Yield `each` plantings of every kind, each within one of the surroundings."""
    rng = random.Random(seed)  # a corpus that is the same every time, no secret
    plans: list[tuple[str, str, Make, tuple[str, ...]]] = [
        *((what, "secret", make, WITHOUT_NAME) for what, make in SHAPED),
        *((name, "secret", make, WITH_NAME) for name, make in NAMED),
        (
            "password in prose",
            "secret",
            shaped(some(LOWER, 6), "!", some(ALNUM, 5)),
            PROSE_PASSWORDS,
        ),
        *((what, "personal", make, PEOPLE_PLACES) for what, make in PEOPLE),
    ]
    for what, kind, make, places in plans:
        for number in range(each):
            value = make(rng)
            line = places[number % len(places)].format(name=what, value=value)
            around = rng.choice(surroundings)
            cut = around.rfind("\n", 0, max(len(around) // 2, 1)) + 1
            yield Planted(what, kind, f"{around[:cut]}{line}\n{around[cut:]}", value)
