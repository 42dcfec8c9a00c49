//! From what was typed to types: the errors here name the flag, the value and a way out.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use zeroize::Zeroizing;

use super::args::{AccessArgs, AttributeArgs, KeyArgs, KeyTypeArg};
use crate::error::{Failure, Result};
use crate::files::{BaseName, Owner};
use crate::keys::KeyKind;
use crate::san::{San, add_missing};
use crate::spec::{Access, Given};
use crate::subject::{AttributeType, Subject};

pub(super) fn attributes(args: AttributeArgs) -> Result<Vec<Given>> {
    let mut attributes = Vec::new();
    for (attribute, flag, value) in [
        (AttributeType::Country, "--country", args.country),
        (AttributeType::State, "--state", args.state),
        (AttributeType::Locality, "--locality", args.locality),
        (AttributeType::Organization, "--organization", args.organization),
        (AttributeType::OrganizationalUnit, "--organizational-unit", args.organizational_unit),
    ] {
        if let Some(value) = value {
            Subject::default().with(attribute, flag, &value)?;
            attributes.push(Given { attribute, flag, value });
        }
    }
    Ok(attributes)
}

/// Checks a common name, if there is one.
pub(super) fn common_name(flag: &str, value: Option<String>) -> Result<Option<String>> {
    if let Some(value) = &value {
        Subject::default().with(AttributeType::CommonName, flag, value)?;
    }
    Ok(value)
}

/// The base names of CA, server and client: plain, and all different.
pub(super) fn base_names(given: &[(&str, &str); 3]) -> Result<[BaseName; 3]> {
    let [ca, server, client] = given.map(|(flag, name)| BaseName::parse(flag, name));
    let names = [ca?, server?, client?];
    for (i, (flag, name)) in given.iter().enumerate() {
        if let Some(other) = (0..i).find(|&j| names[i].collides_with(&names[j])) {
            return Err(Failure::usage(format!("{flag} {name:?}: {} has that name already", given[other].0))
                .hint("give each of the three its own base name"));
        }
    }
    Ok(names)
}

pub(super) fn out_dir(dir: PathBuf) -> Result<PathBuf> {
    if dir.as_os_str().is_empty() {
        return Err(Failure::usage("--out-dir \"\": a directory is missing")
            .hint("use '.' for the current directory"));
    }
    Ok(dir)
}

pub(super) fn access(args: &AccessArgs) -> Result<Access> {
    let key_mode = args.key_mode.as_deref().map(key_mode).transpose()?;
    let owner = args.owner.as_deref().map(owner).transpose()?;
    Ok(Access { key_mode, owner })
}

/// A key is read by its owner, perhaps by others, and written by nobody else.
fn key_mode(text: &str) -> Result<u32> {
    let refuse = |why: &str| {
        Failure::usage(format!("--key-mode {text:?}: {why}"))
            .hint("give an octal mode, such as 0600, 0640 or 0644")
    };
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal =
        !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let mode = u32::from_str_radix(digits, 8)
        .ok()
        .filter(|_| is_octal)
        .ok_or_else(|| refuse("not an octal mode"))?;
    if mode & 0o400 == 0 {
        return Err(refuse("its owner could not read the key"));
    }
    if mode & !0o644 != 0 {
        return Err(refuse("others could write the key, or it would be a program"));
    }
    Ok(mode)
}

fn owner(text: &str) -> Result<Owner> {
    let refuse = || {
        Failure::usage(format!("--owner {text:?}: not the number of a user, or of a user and a group"))
            .hint("give numbers, such as 999 or 999:999; the names of a container's users are not known here")
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // The largest number means "leave as it is" to the operating system.
        text.parse().ok().filter(|&id: &u32| is_number && id != u32::MAX).ok_or_else(refuse)
    };
    match text.split_once(':') {
        None => Ok(Owner { user: number(text)?, group: None }),
        Some((user, group)) => Ok(Owner { user: number(user)?, group: Some(number(group)?) }),
    }
}

/// The password of the CA's key: the first line of the file, or what the environment says.
pub(super) fn password(file: Option<&Path>) -> Result<Option<Zeroizing<String>>> {
    let Some(file) = file else {
        return Ok(std::env::var("MILVUS_CERTGEN_CA_KEY_PASSWORD").ok().map(Zeroizing::new));
    };
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|e| {
        Failure::failed(format!("--ca-key-password-file {}: cannot be read: {}", file.display(), e.kind()))
            .hint("give a file whose first line is the password")
    })?;
    Ok(text.lines().next().map(|line| Zeroizing::new(line.to_owned())))
}

pub(super) fn names(texts: &[String]) -> Result<Option<Vec<San>>> {
    names_of_flag("--san", texts)
}

pub(super) fn names_of_flag(flag: &str, texts: &[String]) -> Result<Option<Vec<San>>> {
    let mut names = Vec::new();
    // `--san a,` and an empty environment variable (compose files pass them on) name nothing.
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        add_missing(&mut names, [San::parse(flag, text)?]);
    }
    Ok(Some(names).filter(|names| !names.is_empty()))
}

pub(super) fn days(flag: &str, text: Option<&str>, least: u32) -> Result<Option<u32>> {
    let Some(text) = text else { return Ok(None) };
    let refuse = |why: &str| {
        Err(Failure::usage(format!("{flag} {text:?}: {why}"))
            .hint(format!("give a whole number of days, such as {flag} 365")))
    };
    match text.trim().parse::<i128>() {
        Ok(days) if days < i128::from(least) => {
            refuse(if least == 0 { "less than no days" } else { "at least one day is needed" })
        }
        // Ten thousand years of days; the plan says exactly where the year 9999 ends.
        Ok(days) if days > 3_652_425 => refuse("ends after the year 9999, which no certificate can say"),
        Ok(days) => Ok(u32::try_from(days).ok()),
        Err(_) => refuse("not a whole number"),
    }
}

pub(super) fn key_kind(args: &KeyArgs) -> Result<Option<KeyKind>> {
    let size = match args.key_size.as_deref() {
        None => None,
        Some("2048") => Some(2048),
        Some("3072") => Some(3072),
        Some("4096") => Some(4096),
        Some(other) => {
            return Err(Failure::usage(format!(
                "--key-size {other:?}: RSA keys here have 2048, 3072 or 4096 bits"
            ))
            .hint("shorter keys are refused by clients, longer ones only make handshakes slow"));
        }
    };
    match (args.key_type, size) {
        (None, None) => Ok(None),
        (None | Some(KeyTypeArg::Rsa), size) => Ok(Some(KeyKind::Rsa(size.unwrap_or(2048)))),
        (Some(KeyTypeArg::EcdsaP256), None) => Ok(Some(KeyKind::EcdsaP256)),
        (Some(KeyTypeArg::EcdsaP384), None) => Ok(Some(KeyKind::EcdsaP384)),
        (Some(KeyTypeArg::Ed25519), None) => Ok(Some(KeyKind::Ed25519)),
        (Some(kind), Some(size)) => {
            let name = kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            Err(Failure::usage(format!(
                "--key-size {size}: only RSA keys have a size, and --key-type is {name}"
            ))
            .hint("leave --key-size out"))
        }
    }
}
