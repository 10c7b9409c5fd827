"""Keys with a shape of their own that detect-secrets lacks; ids are those of gitleaks.

The shapes are facts published by the services. `VENDORS` are keys without a shape: there the name
of the service must stand before them.
"""

import re

from routerd.screening.detector import Detector, is_stand_in, looks_random

# id, pattern, words without which it can't match
_SHAPES: tuple[tuple[str, str, str], ...] = (
    ("1password-secret-key", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}", "a3-"),
    ("1password-service-account-token", r"ops_eyJ[A-Za-z0-9+/]{250,}={0,3}", "ops_eyj"),
    ("adafruit-api-key", r"aio_[A-Za-z0-9]{28}", "aio_"),
    ("adobe-client-secret", r"p8e-[A-Za-z0-9]{32}", "p8e-"),
    ("age-secret-key", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", "age-secret-key-1"),
    ("airtable-personal-access-token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", "pat"),
    ("alibaba-access-key-id", r"LTAI[A-Za-z0-9]{20}", "ltai"),
    ("anthropic-api-key", r"sk-ant-(?:api|admin|oat)\d\d-[\w\-]{60,120}", "sk-ant-"),
    ("atlassian-api-token", r"ATATT3[A-Za-z0-9_\-=]{100,220}", "atatt3"),
    ("authress-service-client-access-key", r"(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][a-z0-9-]{10,32}\.[A-Za-z0-9+/_=-]{30,120}", ".acc"),
    ("aws-amazon-bedrock-api-key-long-lived", r"ABSK[A-Za-z0-9+/]{109,269}={0,2}", "absk"),
    ("azure-ad-client-secret", r"[\w~.]{3}\dQ~[\w~.\-]{31,34}", "q~"),
    ("clickhouse-cloud-api-secret-key", r"4b1d[A-Za-z0-9]{38}", "4b1d"),
    ("clojars-api-token", r"(?i:CLOJARS_)[A-Za-z0-9]{60}", "clojars_"),
    ("cloudflare-origin-ca-key", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}", "v1.0-"),
    ("databricks-api-token", r"dapi[a-f0-9]{32}(?:-\d)?", "dapi"),
    ("defined-networking-api-token", r"dnkey-[A-Za-z0-9=_\-]{26}-[A-Za-z0-9=_\-]{52}", "dnkey-"),
    ("digitalocean-pat", r"do[por]_v1_[a-f0-9]{64}", "_v1_"),
    ("doppler-api-token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9\-_]{2,35}\.)?[A-Za-z0-9]{40,44}", "dp."),
    ("dropbox-short-lived-api-token", r"sl\.[A-Za-z0-9\-=_]{130,200}", "sl."),
    ("duffel-api-token", r"duffel_(?:test|live)_[A-Za-z0-9_\-=]{43}", "duffel_"),
    ("dynatrace-api-token", r"dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}", "dt0c01."),
    ("easypost-api-token", r"EZ[AT]K[A-Za-z0-9]{54}", "ez"),
    ("facebook-page-access-token", r"EAA[MC][A-Za-z0-9]{100,}", "eaa"),
    ("flutterwave-secret-key", r"FLW(?:PUB|SEC)K(?:_TEST)?-[a-h0-9A-F]{12,36}(?:-X)?", "flw"),
    ("flyio-access-token", r"(?:fo1_[\w-]{43}|fm1[ar]_[A-Za-z0-9+/]{100,}={0,3}|fm2_[A-Za-z0-9+/]{100,}={0,3})", "f"),
    ("frameio-api-token", r"fio-u-[A-Za-z0-9\-_=]{64}", "fio-u-"),
    ("gcp-api-key", r"AIza[\w-]{35}", "aiza"),
    ("gcp-oauth-client-secret", r"GOCSPX-[\w-]{28}", "gocspx-"),
    ("gcp-oauth-access-token", r"ya29\.[\w-]{60,}", "ya29."),
    ("github-fine-grained-pat", r"github_pat_\w{82}", "github_pat_"),
    ("gitlab-routable-pat", r"gl(?:pat|rtr|oas|ffct)-[\w-]{27,300}\.[0-9a-z]{2}[0-9a-z]{7}", "gl"),
    ("gitlab-feature-flag-client-token", r"glffct-[\w-]{20}", "glffct-"),
    ("gitlab-scim-token", r"(?:glsoat|glimt|_gitlab_session=)[-\w]{20,40}", "gl"),
    ("grafana-api-key", r"eyJrIjoi[A-Za-z0-9]{70,400}={0,3}", "eyjrijoi"),
    ("grafana-cloud-api-token", r"glc_[A-Za-z0-9+/]{32,400}={0,3}", "glc_"),
    ("grafana-service-account-token", r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}", "glsa_"),
    ("groq-api-key", r"gsk_[A-Za-z0-9]{52}", "gsk_"),
    ("harness-api-key", r"(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}", "at."),
    ("hashicorp-tf-api-token", r"[A-Za-z0-9]{14}\.(?i:atlasv1)\.[A-Za-z0-9\-_=]{60,70}", ".atlasv1."),
    ("heroku-api-key-v2", r"HRKU-AA[\w-]{58}", "hrku-aa"),
    ("hubspot-private-app-token", r"pat-(?:na|eu)\d-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}", "pat-"),
    ("huggingface-access-token", r"hf_[A-Za-z0-9]{34}", "hf_"),
    ("huggingface-organization-api-token", r"api_org_[A-Za-z0-9]{34}", "api_org_"),
    ("infracost-api-token", r"ico-[A-Za-z0-9]{32}", "ico-"),
    ("intra42-client-secret", r"s-s4t2(?:ud|af)-[a-f0-9]{64}", "s-s4t2"),
    ("jwt", r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}(?:\.[\w-]{10,})?", "eyj"),
    ("jwt-base64", r"ZXlK(?:aGJHY2lP|hbGciOi)[A-Za-z0-9+/]{60,}={0,2}", "zxlk"),
    ("linear-api-key", r"lin_(?:api|oauth)_[A-Za-z0-9]{40,64}", "lin_"),
    ("looker-client-secret", r"(?i:looker[\w ._-]{0,20}[=:]\s*[\"']?)([a-z0-9]{24})", "looker"),
    ("mailgun-private-api-token", r"key-[a-f0-9]{32}", "key-"),
    ("mailgun-pub-key", r"pubkey-[a-f0-9]{32}", "pubkey-"),
    ("mapbox-api-token", r"[ps]k\.eyJ[A-Za-z0-9_-]{50,}\.[\w-]{22}", "k.eyj"),
    ("maxmind-license-key", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk", "_mmk"),
    ("microsoft-teams-webhook", r"https://[a-z0-9-]+\.webhook\.office\.com/webhookb2/[a-z0-9@-]{60,}/IncomingWebhook/[a-z0-9]{32}/[a-z0-9-]{36}", "webhook.office.com"),
    ("new-relic-user-api-key", r"NRAK-[A-Za-z0-9]{27}", "nrak-"),
    ("new-relic-insert-key", r"NRII-[A-Za-z0-9-]{32}", "nrii-"),
    ("new-relic-browser-api-token", r"NRJS-[a-f0-9]{19}", "nrjs-"),
    ("notion-api-token", r"ntn_[0-9]{11}[A-Za-z0-9]{35}", "ntn_"),
    ("npm-access-token", r"npm_[A-Za-z0-9]{36}", "npm_"),
    ("nuget-config-password", r"(?i:<add key=\"(?:(?:ClearText)?Password)\"\s*value=\")([^\"]{8,})\"", "password\""),
    ("octopus-deploy-api-key", r"API-[A-Z0-9]{26}", "api-"),
    ("openai-api-key", r"sk-(?:proj|svcacct|admin|None)-[\w-]{40,200}", "sk-"),
    ("openai-api-key", r"sk-[A-Za-z0-9]{48}", "sk-"),
    ("openrouter-api-key", r"sk-or-v1-[a-f0-9]{64}", "sk-or-"),
    ("openshift-user-token", r"sha256~[\w-]{43}", "sha256~"),
    ("perplexity-api-key", r"pplx-[A-Za-z0-9]{48}", "pplx-"),
    ("plaid-api-token", r"access-(?:sandbox|development|production)-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}", "access-"),
    ("planetscale-api-token", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9=.\-_]{32,64}", "pscale_"),
    ("postman-api-token", r"PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}", "pmak-"),
    ("prefect-api-token", r"pnu_[A-Za-z0-9]{36}", "pnu_"),
    ("private-key", r"-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----[\s\S\\]{16,}?-----END[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----", "private key"),
    ("private-key", r"-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\]{40,}", "private key"),
    ("private-key", r"PuTTY-User-Key-File-[23][\s\S]{0,400}?Private-Lines:[\s\S]{60,4000}?Private-MAC: [a-f0-9]+", "putty-user-key-file"),
    ("pulumi-api-token", r"pul-[a-f0-9]{40}", "pul-"),
    ("readme-api-token", r"rdme_[a-z0-9]{70}", "rdme_"),
    ("replicate-api-token", r"r8_[A-Za-z0-9]{37}", "r8_"),
    ("rubygems-api-token", r"rubygems_[a-f0-9]{48}", "rubygems_"),
    ("scalingo-api-token", r"tk-us-[\w-]{48}", "tk-us-"),
    ("sendinblue-api-token", r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}", "xkeysib-"),
    ("sentry-org-token", r"sntrys_eyJ[A-Za-z0-9+/=_]{80,}", "sntrys_"),
    ("sentry-user-token", r"sntryu_[a-f0-9]{64}", "sntryu_"),
    ("settlemint-application-access-token", r"sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}", "sm_"),
    ("shippo-api-token", r"shippo_(?:live|test)_[a-fA-F0-9]{40}", "shippo_"),
    ("shopify-access-token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}", "shp"),
    ("sidekiq-secret", r"(?:BUNDLE_ENTERPRISE__CONTRIBSYS__COM|BUNDLE_GEMS__CONTRIBSYS__COM)[\"'=:\s]{1,5}([a-f0-9]{8}:[a-f0-9]{8})", "contribsys__com"),
    ("sidekiq-sensitive-url", r"https?://([a-f0-9]{8}:[a-f0-9]{8})@(?:gems|enterprise)\.contribsys\.com", "contribsys.com"),
    ("slack-app-token", r"xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+", "xapp-"),
    ("slack-config-access-token", r"xoxe(?:\.xox[bp])?-\d-[A-Za-z0-9]{140,170}", "xoxe"),
    ("slack-bot-token", r"xox[abeposr]-\d{10,13}-[A-Za-z0-9-]{16,}", "xox"),
    ("slack-webhook-url", r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,60}", "hooks.slack.com"),
    ("sonar-api-token", r"sq[pua]_[a-f0-9]{40}", "sq"),
    ("square-access-token", r"(?:EAAA|sq0atp-)[\w-]{22,60}", "a"),
    ("stripe-access-token", r"(?:sk|rk)_(?:test|live|prod)_[A-Za-z0-9]{10,99}", "k_"),
    ("stripe-webhook-secret", r"whsec_[A-Za-z0-9+/=]{32,}", "whsec_"),
    ("tailscale-key", r"tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]+-[A-Za-z0-9]{20,}", "tskey-"),
    ("typeform-api-token", r"tfp_[A-Za-z0-9\-_.=]{59}", "tfp_"),
    ("vault-service-token", r"(?:hvs\.[\w-]{90,120}|\bs\.[A-Za-z0-9]{24})", "s."),
    ("vault-batch-token", r"hvb\.[\w-]{138,300}", "hvb."),
    ("xai-api-key", r"xai-[A-Za-z0-9]{80}", "xai-"),
    ("yandex-api-key", r"AQVN[A-Za-z0-9_\-]{35,38}", "aqvn"),
    ("yandex-aws-access-token", r"YC[a-zA-Z0-9_\-]{38}", "yc"),
    ("yandex-access-token", r"t1\.[A-Z0-9a-z_-]+=?\.[A-Z0-9a-z_-]{86}={0,2}", "t1."),
)  # fmt: skip

_HEX32, _HEX64, _UUID = (
    r"[a-f0-9]{32}",
    r"[a-f0-9]{64}",
    r"[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}",
)
# id, name of the service as it stands before the key, shape of the key
VENDORS: tuple[tuple[str, str, str], ...] = (
    ("adafruit-api-key", "adafruit", r"[a-z0-9_-]{32}"),
    ("adobe-client-id", "adobe", _HEX32),
    ("airtable-api-key", "airtable", r"[a-z0-9]{17}"),
    ("algolia-api-key", "algolia", r"[a-z0-9]{32}"),
    ("alibaba-secret-key", "alibaba|aliyun", r"[a-z0-9]{30}"),
    ("asana-client-secret", "asana", r"[a-z0-9]{32}|[0-9]{16}"),
    ("atlassian-api-token", "atlassian|confluence|jira", r"[a-z0-9]{20,24}"),
    ("aws-secret-access-key", "aws_secret|aws secret|secretaccesskey|secret_access_key", r"[A-Za-z0-9/+]{40}"),
    ("azure-openai-api-key", "azure", r"[a-z0-9]{32}|[a-zA-Z0-9]{84}"),
    ("beamer-api-token", "beamer", r"b_[a-z0-9=_\-]{44}"),
    ("bitbucket-client-secret", "bitbucket", r"[a-z0-9=_\-]{64}|[a-z0-9]{32}"),
    ("bittrex-access-key", "bittrex", r"[a-z0-9]{32}"),
    ("cloudflare-api-key", "cloudflare", r"[a-z0-9_-]{40}|[a-f0-9]{37}"),
    ("codecov-access-token", "codecov", r"[a-z0-9]{32}"),
    ("cohere-api-token", "cohere", r"[a-zA-Z0-9]{40}"),
    ("coinbase-access-token", "coinbase", r"[a-z0-9_-]{64}"),
    ("confluent-secret-key", "confluent", r"[a-z0-9]{64}|[a-z0-9]{16}"),
    ("contentful-delivery-api-token", "contentful", r"[a-z0-9=_\-]{43}"),
    ("datadog-access-token", "datadog|dd_api|dd_app", r"[a-z0-9]{40}|[a-f0-9]{32}"),
    ("deepseek-api-key", "deepseek", r"sk-[a-f0-9]{32}"),
    ("discord-client-secret", "discord", r"[a-z0-9=_\-]{32}"),
    ("droneci-access-token", "drone", r"[a-z0-9]{32}"),
    ("dropbox-api-token", "dropbox", r"[a-z0-9]{11}AAAAAAAAAA[a-z0-9\-_=]{43}|[a-z0-9]{15}"),
    ("etsy-access-token", "etsy", r"[a-z0-9]{24}"),
    ("facebook-secret", "facebook|fb_app", r"[a-f0-9]{32}|\d{15,16}\|[\w-]{27,40}"),
    ("fastly-api-token", "fastly", r"[a-z0-9=_\-]{32}"),
    ("finicity-api-token", "finicity", r"[a-f0-9]{32}|[a-z0-9]{20}"),
    ("finnhub-access-token", "finnhub", r"[a-z0-9]{20}"),
    ("flickr-access-token", "flickr", r"[a-z0-9]{32}"),
    ("freemius-secret-key", "freemius|secret_key", r"sk_[\S]{29}"),
    ("freshbooks-access-token", "freshbooks", r"[a-z0-9]{64}"),
    ("gitter-access-token", "gitter", r"[a-z0-9_-]{40}"),
    ("gocardless-api-token", "gocardless", r"live_[a-z0-9\-_=]{40}"),
    ("hashicorp-tf-password", "administrator_login_password", r"[^\s\"']{8,40}"),
    ("heroku-api-key", "heroku", _UUID),
    ("hubspot-api-key", "hubspot", _UUID),
    ("intercom-api-key", "intercom", r"[a-z0-9=_\-]{60}"),
    ("jfrog-api-key", "jfrog|artifactory|bintray|xray", r"[a-z0-9]{73}|[a-z0-9]{64}"),
    ("kraken-access-token", "kraken", r"[a-z0-9/=_+\-]{80,90}"),
    ("kucoin-access-token", "kucoin", rf"[a-f0-9]{{24}}|{_UUID}"),
    ("launchdarkly-access-token", "launchdarkly", r"[a-z0-9=_\-]{40}"),
    ("linear-client-secret", "linear", _HEX32),
    ("linkedin-client-secret", "linkedin|linked_in", r"[a-z0-9]{16}|[a-z0-9]{14}"),
    ("lob-api-key", "lob", r"(?:live|test)_(?:pub_)?[a-f0-9]{31,35}"),
    ("mailgun-signing-key", "mailgun", r"[a-h0-9]{32}-[a-h0-9]{8}-[a-h0-9]{8}"),
    ("mattermost-access-token", "mattermost", r"[a-z0-9]{26}"),
    ("messagebird-api-token", "messagebird|message_bird", rf"[a-z0-9]{{25}}|{_UUID}"),
    ("mistral-api-key", "mistral", r"[A-Za-z0-9]{32}"),
    ("netlify-access-token", "netlify", r"[a-z0-9=_\-]{40,46}"),
    ("new-relic-user-api-id", "new-relic|newrelic|new_relic", r"[a-z0-9]{64}"),
    ("nytimes-access-token", "nytimes|newyorktimes", r"[a-z0-9=_\-]{32}"),
    ("okta-access-token", "okta", r"00[\w=\-]{40}"),
    ("plaid-secret-key", "plaid", r"[a-z0-9]{30}|[a-z0-9]{24}"),
    ("privateai-api-token", "private_ai|privateai|private-ai", r"[a-z0-9]{32}"),
    ("rapidapi-access-token", "rapidapi", r"[a-z0-9_-]{50}"),
    ("sendbird-access-token", "sendbird", rf"[a-f0-9]{{40}}|{_UUID}"),
    ("sentry-access-token", "sentry", _HEX64),
    ("snyk-api-token", "snyk", _UUID),
    ("squarespace-access-token", "squarespace", _UUID),
    ("sumologic-access-token", "sumo", r"[a-z0-9]{64}|su[A-Za-z0-9]{12}"),
    ("telegram-bot-api-token", "telegram|telegr", r"\d{5,16}:A[\w-]{34}"),
    ("together-api-key", "together", _HEX64),
    ("travisci-access-token", "travis", r"[a-z0-9_-]{22}"),
    ("twilio-auth-token", "twilio", _HEX32),
    ("twitch-api-token", "twitch", r"[a-z0-9]{30}"),
    ("twitter-api-secret", "twitter", r"[a-z0-9]{50}|[a-z0-9]{45}|[a-z0-9]{25}|\d{15,25}-[a-z0-9]{20,40}|A{22}[a-z0-9%]{80,100}"),
    ("zendesk-secret-key", "zendesk", r"[a-z0-9]{40}"),
)  # fmt: skip


# Payloads of the tokens that documentation and tests of JWT show: {"sub":"1234567890","name":…},
# {"some":"payload"}, {"foo":"bar"}.
_SHOWN = ("eyJzdWIiOiIxMjM0NTY3ODkwI", "eyJzb21lIjoicGF5bG9hZCJ9", "eyJmb28iOiJiYXIi")


def _real(text: str) -> bool:
    return not is_stand_in(text) and not any(shown in text for shown in _SHOWN)


def _after(name: str, shape: str) -> re.Pattern[str]:
    """Return: the service's name, at most a few words, a sign of assignment, the key."""
    return re.compile(
        rf"(?i)(?:{name})[\w.\-]{{0,40}}[\"'\]]{{0,2}}[ \t]{{0,4}}(?:=>|:=|=|:|,| is |\|)"
        rf"[ \t]{{0,4}}(?:bearer |basic )?[\"'`]{{0,2}}({shape})(?![\w\-])"
    )


def detectors() -> tuple[Detector, ...]:
    """Return all of them."""
    shaped = [
        Detector(
            identity, re.compile(pattern), (word,), check=_real, whole=identity != "private-key"
        )
        for identity, pattern, word in _SHAPES
    ]
    named = [
        Detector(
            identity,
            _after(name, shape),
            tuple(name.split("|")),
            check=looks_random,
            anchored=True,
        )
        for identity, name, shape in VENDORS
    ]
    return tuple(shaped + named)
