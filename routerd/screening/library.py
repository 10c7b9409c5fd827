"""The detectors of the detect-secrets library; the only importer of it.

Its regular expressions are taken and run over whole texts, each behind a word that it can't match
without: its own way, every plugin on every line, takes several milliseconds a kilobyte. Nothing of
it is ever asked to verify a key, which would send the key to its service. Not used: its entropy
detectors (every hash and every id is an alarm) and public addresses, which are no secrets.
"""

import re
from collections.abc import Callable
from typing import Any

from routerd.screening.detector import Detector, is_stand_in, looks_like_a_password, looks_random


def _in_a_url(text: str) -> bool:
    """Whether what stands before the @ is a password; what would be a name elsewhere is none here."""
    return looks_like_a_password(text) or (len(text) >= 8 and looks_random(text))


# class, id (gitleaks' where it has one), words, second look
Check = Callable[[str], bool] | None
_PLUGINS: tuple[tuple[str, str, tuple[str, ...], Check], ...] = (
    ("ArtifactoryDetector", "artifactory-api-key", ("akc", "ap"), looks_random),
    ("AWSKeyDetector",
        "aws-access-token",
        ("akia", "asia", "abia", "acca", "a3t", "aws"),
        None,
    ),
    ("AzureStorageKeyDetector",
        "azure-storage-key",
        ("accountkey=",),
        None,
    ),
    ("BasicAuthDetector", "basic-auth-url", ("://",), _in_a_url),
    ("CloudantDetector", "cloudant", ("cloudant",), looks_random),
    ("DiscordBotTokenDetector", "discord-api-token", (), looks_random),
    ("GitHubTokenDetector",
        "github-pat",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        None,
    ),
    ("GitLabTokenDetector",
        "gitlab-pat",
        (
            "glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "gr1348941", "glcbt-", "glimt-",
            "glptt-", "glagent-", "gloas-",
        ),
        None,
    ),
    ("IbmCloudIamDetector", "ibm-cloud-iam", ("ibm",), looks_random),
    ("IbmCosHmacDetector", "ibm-cos-hmac", ("secret",), looks_random),
    ("JwtTokenDetector", "jwt", ("eyj",), lambda text: len(text) > 60),
    ("MailchimpDetector", "mailchimp-api-key", ("-us",), looks_random),
    ("NpmDetector", "npm-registry-auth", ("_authtoken",), None),
    ("OpenAIDetector", "openai-api-key", ("t3blbkfj",), None),
    ("PypiTokenDetector", "pypi-upload-token", ("pypi-age",), None),
    ("SendGridDetector", "sendgrid-api-token", ("sg.",), None),
    ("SlackDetector", "slack-token", ("xox", "hooks.slack.com"), None),
    ("SoftlayerDetector", "softlayer", ("softlayer",), looks_random),
    ("SquareOAuthDetector", "square-access-token", ("sq0csp-",), None),
    ("StripeDetector", "stripe-access-token", ("k_live_",), None),
    ("TelegramBotTokenDetector", "telegram-bot-api-token", (":",), looks_random),
    ("TwilioKeyDetector", "twilio-api-key", ("ac", "sk"), looks_random),
)  # fmt: skip


def detectors() -> tuple[Detector, ...]:
    """Return the library's detectors. It takes 0.3 s to import, so this is called when needed."""
    plugins = {plugin.__name__: plugin for plugin in (*_first_classes(), *_other_classes())}
    return tuple(
        Detector(identity, _capturing(pattern), words, check=_real(check))
        for name, identity, words, check in _PLUGINS
        for pattern in plugins[name].denylist
    )


def _first_classes() -> tuple[Any, ...]:
    from detect_secrets.plugins import (
        artifactory,
        aws,
        azure_storage_key,
        basic_auth,
        cloudant,
        discord,
        github_token,
        gitlab_token,
        ibm_cloud_iam,
        ibm_cos_hmac,
        jwt,
    )

    return (
        artifactory.ArtifactoryDetector,
        aws.AWSKeyDetector,
        azure_storage_key.AzureStorageKeyDetector,
        basic_auth.BasicAuthDetector,
        cloudant.CloudantDetector,
        discord.DiscordBotTokenDetector,
        github_token.GitHubTokenDetector,
        gitlab_token.GitLabTokenDetector,
        ibm_cloud_iam.IbmCloudIamDetector,
        ibm_cos_hmac.IbmCosHmacDetector,
        jwt.JwtTokenDetector,
    )


def _other_classes() -> tuple[Any, ...]:
    from detect_secrets.plugins import (
        mailchimp,
        npm,
        openai,
        pypi_token,
        sendgrid,
        slack,
        softlayer,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )

    return (
        mailchimp.MailchimpDetector,
        npm.NpmDetector,
        openai.OpenAIDetector,
        pypi_token.PypiTokenDetector,
        sendgrid.SendGridDetector,
        slack.SlackDetector,
        softlayer.SoftlayerDetector,
        square_oauth.SquareOAuthDetector,
        stripe.StripeDetector,
        telegram_token.TelegramBotTokenDetector,
        twilio.TwilioKeyDetector,
    )


def _capturing(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """Return the pattern so that group 1, if any, is the secret and not just its prefix."""
    if not pattern.groups or pattern.groups > 1 or "glpat" in pattern.pattern:
        return re.compile(f"({pattern.pattern})", pattern.flags) if pattern.groups else pattern
    prefix_only = pattern.pattern.startswith(("(ghp", "glcbt"))
    return re.compile(f"({pattern.pattern})", pattern.flags) if prefix_only else pattern


def _real(check: Check) -> Callable[[str], bool]:
    return check or (lambda text: not is_stand_in(text))
