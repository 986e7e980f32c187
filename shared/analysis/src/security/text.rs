//! What text says: secrets, addresses, instructions to a model, and format strings that reach.

use ruff_python_ast::Expr;
use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::attributes;
use crate::report::Report;
use crate::rules;
use crate::tree;
use crate::walk::Walk;

/// Prefixes of well-known secrets, and how many characters of a secret's alphabet follow.
const SECRETS: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "a temporary AWS access key"),
    ("tdev_", 40, "an API key of this platform"),
    ("ghp_", 36, "a GitHub token"),
    ("gho_", 36, "a GitHub token"),
    ("ghs_", 36, "a GitHub token"),
    ("github_pat_", 22, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("sk-ant-", 20, "an Anthropic key"),
    ("sk-proj-", 20, "an OpenAI key"),
    ("sk-", 40, "a model provider's key"),
    ("sk_live_", 20, "a Stripe key"),
    ("rk_live_", 20, "a Stripe key"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("AIza", 35, "a Google key"),
    ("SG.", 40, "a SendGrid key"),
    ("npm_", 36, "an npm token"),
    ("hf_", 30, "a Hugging Face token"),
];

/// Hosts that data is sent to unseen, and addresses that hand out credentials.
const HOSTS: &[&str] = &[
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
    "100.100.100.200",
    "fd00:ec2::254",
    "ngrok.io",
    "ngrok-free.app",
    "ngrok.app",
    "trycloudflare.com",
    "webhook.site",
    "requestbin",
    "pipedream.net",
    "burpcollaborator.net",
    "oastify.com",
    "interact.sh",
    "oast.fun",
    "oast.pro",
    "oast.live",
    "dnslog.cn",
    "ceye.io",
    "pastebin.com",
    "paste.ee",
    "hastebin.com",
    "transfer.sh",
    "file.io",
    "0x0.st",
    "anonfiles",
    "termbin.com",
    "ix.io",
    "serveo.net",
    "localtunnel.me",
    "loca.lt",
    "beeceptor.com",
    "hookbin.com",
    "discord.com/api/webhooks",
    "discordapp.com/api/webhooks",
    "api.telegram.org/bot",
    "hooks.slack.com/services",
    ".onion",
];

/// Rules about the text of a literal, or of what an expression folds to.
pub(super) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    if let Expr::FString(string) = expr {
        for element in string.value.elements() {
            if let Some(literal) = element.as_literal() {
                judge(walk, expr, &literal.value);
            }
        }
    }
    if tree::name(expr).is_none()
        && let Some(text) = walk.text(expr)
    {
        judge(walk, expr, &text);
    }
}

fn judge(walk: &mut Walk<'_, '_>, expr: &Expr, text: &str) {
    if let Some(path) = reaching_field(text) {
        let message = format!("the format field `{path}` reaches a special attribute");
        walk.add(&rules::INTROSPECTION_TEXT, expr, message);
    }
    if let Some(host) = host(text) {
        walk.add(&rules::SUSPICIOUS_HOST, expr, format!("`{host}` is named"));
    }
    if let Some(phrase) = instruction(text) {
        walk.add(
            &rules::PROMPT_INJECTION,
            expr,
            format!("the text says: {phrase}"),
        );
    }
}

/// Rules about comments, which a reviewing model reads too.
pub(super) fn comments(source: &str, tokens: &Tokens, report: &mut Report) {
    // A sentence may run over several comment lines.
    let mut run: Option<(TextRange, String)> = None;
    for token in tokens {
        if token.kind() == TokenKind::Comment {
            let text = source.get(token.range().to_std_range()).unwrap_or_default();
            let text = text.trim_start_matches('#');
            let (range, joined) = run.get_or_insert_with(|| (token.range(), String::new()));
            *range = range.cover(token.range());
            joined.push_str(text);
        } else if token.kind() != TokenKind::NonLogicalNewline {
            comment(run.take(), report);
        }
    }
    comment(run.take(), report);
}

fn comment(run: Option<(TextRange, String)>, report: &mut Report) {
    if let Some((range, text)) = run
        && let Some(phrase) = instruction(&text)
    {
        report.add(
            &rules::PROMPT_INJECTION,
            range,
            format!("a comment says: {phrase}"),
        );
    }
}

/// A replacement field of a format string that goes through a special attribute, as in
/// `{0.__class__}` or `{a[__globals__]}`.
fn reaching_field(text: &str) -> Option<&str> {
    text.split('{').skip(1).find_map(|rest| {
        let field = rest.split(['}', '{']).next()?;
        let path = field.split([':', '!']).next()?;
        path.split(['.', '[', ']'])
            .skip(1)
            .any(attributes::is_unsafe)
            .then_some(path)
    })
}

/// A host that a well-meant agent does not name, or a URL whose host is a bare address.
fn host(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if let Some(known) = HOSTS.iter().find(|host| contains_host(&lower, host)) {
        return Some((*known).to_owned());
    }
    lower.match_indices("://").find_map(|(at, mark)| {
        let scheme = lower[..at]
            .rsplit(|c: char| !c.is_ascii_alphanumeric())
            .next()?;
        if !matches!(
            scheme,
            "http" | "https" | "ftp" | "ws" | "wss" | "tcp" | "udp" | "ldap"
        ) {
            return None;
        }
        let rest = &lower[at + mark.len()..];
        let authority = rest.split(['/', '?', '#', ' ', '\'', '"']).next()?;
        let host = authority.rsplit('@').next()?.split(':').next()?;
        is_numeric_address(host).then(|| host.to_owned())
    })
}

/// Whether `text` names `host`: not as a part of a longer word, as `ix.io` is of `matrix.io`.
fn contains_host(text: &str, host: &str) -> bool {
    text.match_indices(host).any(|(at, _)| {
        host.starts_with('.')
            || !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// An IPv4 address, dotted or as one number, other than the local and the private ones.
fn is_numeric_address(host: &str) -> bool {
    if host.starts_with("0x") || (host.len() >= 8 && host.bytes().all(|b| b.is_ascii_digit())) {
        return true;
    }
    let parts: Vec<Option<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [Some(a), Some(b), Some(_), Some(_)] => {
            !matches!((a, b), (0 | 10 | 127, _) | (192, 168) | (172, 16..=31))
        }
        _ => false,
    }
}

/// A phrase by which text tries to steer a model that reads it.
fn instruction(text: &str) -> Option<String> {
    const MARKS: &[&str] = &[
        "<|im_start|>",
        "<|im_end|>",
        "<|system|>",
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "### System:",
        "### Instruction:",
        "</system>",
        "<system>",
        "BEGIN SYSTEM PROMPT",
    ];
    // A list of phrases to look for, as a moderation agent has, consists of short texts.
    const SHORT: usize = 48;
    if let Some(mark) = MARKS.iter().find(|mark| text.contains(**mark))
        && text.len() > mark.len() + 12
    {
        return Some((*mark).to_owned());
    }
    if text.chars().count() < SHORT {
        return None;
    }
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    PHRASES.iter().find_map(|phrase| phrase.find(&words))
}

/// Words that say something together when each stands at most a few words after the one before.
struct Phrase(&'static [&'static [&'static str]]);

impl Phrase {
    /// How many words may stand between two of the phrase.
    const GAP: usize = 3;

    fn find(&self, words: &[&str]) -> Option<String> {
        (0..words.len()).find_map(|start| {
            let mut at = start;
            for (i, any) in self.0.iter().enumerate() {
                let reach = if i == 0 { 1 } else { Self::GAP + 1 };
                let window = words.get(at..(at + reach).min(words.len()))?;
                at += window.iter().position(|word| any.contains(word))? + 1;
            }
            Some(words[start..at].join(" "))
        })
    }
}

const PHRASES: &[Phrase] = &[
    Phrase(&[
        &[
            "ignore",
            "disregard",
            "forget",
            "override",
            "bypass",
            "discard",
            "skip",
        ],
        &[
            "previous",
            "prior",
            "above",
            "earlier",
            "preceding",
            "all",
            "any",
            "your",
            "system",
            "other",
        ],
        &[
            "instructions",
            "instruction",
            "prompt",
            "prompts",
            "rules",
            "guidelines",
            "directions",
            "policies",
            "checks",
        ],
    ]),
    Phrase(&[
        &["you"],
        &["are"],
        &["now"],
        &[
            "unrestricted",
            "jailbroken",
            "dan",
            "root",
            "admin",
            "developer",
        ],
    ]),
    Phrase(&[
        &["as", "dear", "note", "attention", "hey", "hello"],
        &["an", "to", "the", "ai"],
        &["ai", "llm", "model", "reviewer", "assistant", "scanner"],
        &[
            "reviewer",
            "approve",
            "model",
            "mark",
            "classify",
            "rate",
            "output",
            "you",
            "reading",
            "reviewing",
        ],
    ]),
    Phrase(&[
        &[
            "approve", "classify", "mark", "rate", "report", "label", "treat", "flag",
        ],
        &["this", "the"],
        &["agent", "code", "file", "submission", "source", "script"],
        &[
            "safe", "benign", "trusted", "approved", "harmless", "10", "100", "clean",
        ],
    ]),
    Phrase(&[
        &["do"],
        &["not"],
        &["tell", "inform", "alert", "warn", "mention"],
        &[
            "user",
            "users",
            "operator",
            "human",
            "reviewer",
            "administrator",
        ],
    ]),
    Phrase(&[
        &[
            "reveal", "print", "output", "repeat", "show", "leak", "return",
        ],
        &["your", "the"],
        &["system", "hidden", "initial"],
        &["prompt", "instructions"],
    ]),
    Phrase(&[
        &["new", "updated", "revised"],
        &["system"],
        &["instructions", "prompt", "directive"],
    ]),
];

/// Secrets anywhere in the source, comments included.
pub(super) fn secrets(source: &str, report: &mut Report) {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (prefix, len, what) in SECRETS {
        found.extend(
            source
                .match_indices(prefix)
                .filter(|(at, _)| is_secret(source, *at, prefix, *len))
                .map(|(at, _)| (at, *what)),
        );
    }
    found.extend(
        source
            .match_indices("PRIVATE KEY-----")
            .filter(|(at, _)| follows_begin(&source[..*at]))
            .map(|(at, _)| (at, "a private key")),
    );
    found.extend(source.match_indices("eyJ").filter_map(|(at, _)| {
        let token: Vec<&str> = source[at..].split(|c: char| !is_secret_char(c) && c != '.').next()?.split('.').collect();
        let signed = matches!(token.as_slice(), [a, b, c, ..] if a.len() >= 16 && b.len() >= 16 && c.len() >= 16);
        signed.then_some((at, "a signed token"))
    }));
    for (at, what) in found {
        let start = TextSize::try_from(at).unwrap_or_default();
        report.add(
            &rules::SECRET,
            TextRange::empty(start),
            format!("this looks like {what}"),
        );
    }
}

/// Whether `before` ends as the head of a key does: `-----BEGIN`, and perhaps the key's type.
fn follows_begin(before: &str) -> bool {
    before
        .rsplit_once("-----BEGIN")
        .is_some_and(|(_, kind)| kind.chars().all(|c| c.is_ascii_uppercase() || c == ' '))
}

fn is_secret_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Whether a secret with this prefix starts at `at`: the right length, and not one repeated
/// character as in a placeholder.
fn is_secret(source: &str, at: usize, prefix: &str, len: usize) -> bool {
    let starts_word = !source[..at].ends_with(is_secret_char);
    let body: String = source[at + prefix.len()..]
        .chars()
        .take_while(|c| is_secret_char(*c) || *c == '.')
        .collect();
    let mut kinds: Vec<char> = body.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    let random = kinds.len() >= 6 && body.contains(|c: char| c.is_ascii_digit());
    starts_word && body.len() >= len && random && !body.contains("EXAMPLE")
}
