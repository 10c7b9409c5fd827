"""Which of gitleaks' rules are covered: its ids, and ours where several of its are one of ours.

Reconciled by hand with the list of rules of gitleaks 8.2x; `routerd.screening` has no code of it.
"""

from routerd.screening import generic, library, tokens

# id of gitleaks -> our id, where they differ.
_SAME: dict[str, str] = {
    "adobe-client-secret": "adobe-client-secret",
    "alibaba-access-key-id": "alibaba-access-key-id",
    "anthropic-admin-api-key": "anthropic-api-key",
    "asana-client-id": "asana-client-secret",
    "aws-access-token": "aws-access-token",
    "aws-amazon-bedrock-api-key-short-lived": "aws-amazon-bedrock-api-key-long-lived",
    "bitbucket-client-id": "bitbucket-client-secret",
    "bittrex-secret-key": "bittrex-access-key",
    "cloudflare-global-api-key": "cloudflare-api-key",
    "confluent-access-token": "confluent-secret-key",
    "digitalocean-access-token": "digitalocean-pat",
    "digitalocean-refresh-token": "digitalocean-pat",
    "discord-client-id": "discord-client-secret",
    "dropbox-long-lived-api-token": "dropbox-api-token",
    "easypost-test-api-token": "easypost-api-token",
    "facebook-access-token": "facebook-secret",
    "finicity-client-secret": "finicity-api-token",
    "flutterwave-encryption-key": "flutterwave-secret-key",
    "flutterwave-public-key": "flutterwave-secret-key",
    "freemius-secret-key": "freemius-secret-key",
    "github-app-token": "github-pat",
    "github-oauth": "github-pat",
    "github-refresh-token": "github-pat",
    "gitlab-cicd-job-token": "gitlab-pat",
    "gitlab-deploy-token": "gitlab-pat",
    "gitlab-incoming-mail-token": "gitlab-pat",
    "gitlab-kubernetes-agent-token": "gitlab-pat",
    "gitlab-oauth-app-secret": "gitlab-pat",
    "gitlab-pat-routable": "gitlab-routable-pat",
    "gitlab-ptt": "gitlab-pat",
    "gitlab-rrt": "gitlab-pat",
    "gitlab-runner-authentication-token": "gitlab-pat",
    "gitlab-session-cookie": "gitlab-scim-token",
    "jfrog-identity-token": "jfrog-api-key",
    "kucoin-secret-key": "kucoin-access-token",
    "linkedin-client-id": "linkedin-client-secret",
    "lob-pub-api-key": "lob-api-key",
    "messagebird-client-id": "messagebird-api-token",
    "new-relic-user-api-id": "new-relic-user-api-id",
    "plaid-client-id": "plaid-secret-key",
    "planetscale-id": "planetscale-api-token",
    "planetscale-oauth-token": "planetscale-api-token",
    "planetscale-password": "planetscale-api-token",
    "sendbird-access-id": "sendbird-access-token",
    "shopify-custom-access-token": "shopify-access-token",
    "shopify-private-app-access-token": "shopify-access-token",
    "shopify-shared-secret": "shopify-access-token",
    "slack-config-refresh-token": "slack-config-access-token",
    "slack-legacy-bot-token": "slack-bot-token",
    "slack-legacy-token": "slack-token",
    "slack-legacy-workspace-token": "slack-token",
    "slack-user-token": "slack-bot-token",
    "sumologic-access-id": "sumologic-access-token",
    "twitter-access-secret": "twitter-api-secret",
    "twitter-access-token": "twitter-api-secret",
    "twitter-api-key": "twitter-api-secret",
    "twitter-bearer-token": "twitter-api-secret",
}
_BY_THE_SAME_NAME = """
1password-secret-key 1password-service-account-token adafruit-api-key adobe-client-id
age-secret-key airtable-api-key airtable-personal-access-token algolia-api-key
alibaba-secret-key anthropic-api-key artifactory-api-key artifactory-reference-token
asana-client-secret atlassian-api-token authress-service-client-access-key
aws-amazon-bedrock-api-key-long-lived azure-ad-client-secret beamer-api-token
bitbucket-client-secret bittrex-access-key cisco-meraki-api-key
clickhouse-cloud-api-secret-key clojars-api-token cloudflare-api-key cloudflare-origin-ca-key
codecov-access-token cohere-api-token coinbase-access-token confluent-secret-key
contentful-delivery-api-token curl-auth-header curl-auth-user databricks-api-token
datadog-access-token defined-networking-api-token digitalocean-pat discord-api-token
discord-client-secret doppler-api-token droneci-access-token dropbox-api-token
dropbox-short-lived-api-token duffel-api-token dynatrace-api-token easypost-api-token
etsy-access-token facebook-page-access-token facebook-secret fastly-api-token
finicity-api-token finnhub-access-token flickr-access-token flutterwave-secret-key
flyio-access-token frameio-api-token freshbooks-access-token gcp-api-key generic-api-key
github-fine-grained-pat github-pat gitlab-feature-flag-client-token gitlab-pat
gitlab-scim-token gitter-access-token gocardless-api-token grafana-api-key
grafana-cloud-api-token grafana-service-account-token harness-api-key hashicorp-tf-api-token
hashicorp-tf-password heroku-api-key heroku-api-key-v2 hubspot-api-key
huggingface-access-token huggingface-organization-api-token infracost-api-token
intercom-api-key intra42-client-secret jfrog-api-key jwt jwt-base64 kraken-access-token
kubernetes-secret-yaml kucoin-access-token launchdarkly-access-token linear-api-key
linear-client-secret linkedin-client-secret lob-api-key looker-client-id
looker-client-secret mailchimp-api-key mailgun-private-api-token mailgun-pub-key
mailgun-signing-key mapbox-api-token mattermost-access-token maxmind-license-key
messagebird-api-token microsoft-teams-webhook netlify-access-token
new-relic-browser-api-token new-relic-insert-key new-relic-user-api-key notion-api-token
npm-access-token nuget-config-password nytimes-access-token octopus-deploy-api-key
okta-access-token openai-api-key openshift-user-token perplexity-api-key plaid-api-token
plaid-secret-key planetscale-api-token postman-api-token prefect-api-token private-key
privateai-api-token pulumi-api-token pypi-upload-token rapidapi-access-token
readme-api-token rubygems-api-token scalingo-api-token sendbird-access-token
sendgrid-api-token sendinblue-api-token sentry-access-token sentry-org-token
sentry-user-token settlemint-application-access-token
settlemint-personal-access-token settlemint-service-access-token shippo-api-token
shopify-access-token sidekiq-secret sidekiq-sensitive-url slack-app-token slack-bot-token
slack-config-access-token slack-webhook-url snyk-api-token sonar-api-token sourcegraph-access-token
square-access-token squarespace-access-token stripe-access-token sumologic-access-token
telegram-bot-api-token travisci-access-token twilio-api-key twitch-api-token
twitter-api-secret typeform-api-token vault-batch-token vault-service-token
yandex-access-token yandex-api-key yandex-aws-access-token zendesk-secret-key
"""
_SAME["settlemint-personal-access-token"] = "settlemint-application-access-token"
_SAME["settlemint-service-access-token"] = "settlemint-application-access-token"
RULES = tuple(sorted({*_SAME, *_BY_THE_SAME_NAME.split()}))


def coverage() -> tuple[frozenset[str], frozenset[str]]:
    """Return (gitleaks ids that one of our detectors covers, those that none does)."""
    found = (*tokens.detectors(), *library.detectors(), *generic.detectors())
    ours = {detector.id for detector in found}
    covered = frozenset(rule for rule in RULES if _SAME.get(rule, rule) in ours)
    return covered, frozenset(RULES) - covered
