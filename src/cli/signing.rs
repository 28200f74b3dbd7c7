//! Signatures of reports, in the format of minisign: a file `REPORT.minisig` beside each report.
//!
//! Uses the crate `minisign`. Invariant: a secret key is read and decrypted before the run that it is to sign.

use super::terminal::line::Lines;
use super::{misuse, unread};
use crate::bench::{date, digests};
use crate::cli::console::Console;
use crate::diagnostic::Diagnostic;
use crate::disk::{self, Replacement};
use crate::error::Kind;
use minisign::{PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The variable with the password of the secret key.
pub const PASSWORD: &str = "BELAY_SIGN_PASSWORD";

/// Longest key or signature, in bytes.
const LONGEST: u64 = 16 << 10;

/// The comment of signatures and keys that nothing protects.
const COMMENT: &str = "belay-script";

/// Signs reports with a secret key.
pub struct Signer {
    key: SecretKey,
}

/// The name of a report's signature.
pub fn signature_of(report: &Path) -> PathBuf {
    let mut name = report.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}

impl Signer {
    /// Reads a secret key, and asks for its password if it has one: [`PASSWORD`], else the person at the terminal.
    ///
    /// # Errors
    /// If it cannot be read or is not a secret key, or the password is missing or wrong.
    pub fn load(path: &Path, console: &Arc<Console>) -> Result<Signer, Diagnostic> {
        let shown = path.display();
        let text = read(path)?;
        let invalid = || {
            let help = "make a key with `belay-script keygen NAME`, or with `minisign -G`";
            misuse(format!("`{shown}` is not a secret key of minisign"), help)
        };
        let boxed = || SecretKeyBox::from_string(&text).map_err(|_| invalid());
        match protection(&text) {
            Some(Protection::Password) => {}
            Some(Protection::Checksum) => {
                let key = boxed()?.into_unencrypted_secret_key().map_err(|_| invalid())?;
                return Ok(Signer { key });
            }
            // `minisign -G -W` writes no checksum, which the crate would miss.
            Some(Protection::Nothing(bytes)) => {
                return SecretKey::from_bytes(&bytes).map(|key| Signer { key }).map_err(|_| invalid());
            }
            None => return Err(invalid()),
        }
        let password = match std::env::var(PASSWORD) {
            Ok(password) => password,
            Err(_) => ask(console, &format!("Password of {shown}: "))?.ok_or_else(|| {
                misuse(format!("`{shown}` needs its password"), format!("set {PASSWORD}, or run at a terminal"))
            })?,
        };
        let key = boxed()?.into_secret_key(Some(password));
        let help = format!("set {PASSWORD} to the key's password, or unset it to be asked");
        key.map(|key| Signer { key }).map_err(|_| misuse(format!("wrong password for `{shown}`"), help))
    }

    /// Signs a report: writes its signature beside it.
    ///
    /// # Errors
    /// If the report cannot be read again, or the signature cannot be written.
    pub fn sign(&self, report: &Path) -> io::Result<()> {
        let name = report.file_name().unwrap_or_default().to_string_lossy();
        // The form of minisign's own: the time and the name are signed.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970")]
        let comment = format!("timestamp:{}\tfile:{}\thashed", date::now() as u64, one_line(&name));
        let file = disk::open(report)?;
        // With the public key, a damaged secret key is an error, not a signature that nobody can verify.
        let public = PublicKey::from_secret_key(&self.key).map_err(io::Error::other)?;
        let signature =
            minisign::sign(Some(&public), &self.key, file, Some(&comment), Some(&format!("signature from {COMMENT}")));
        let signature = signature.map_err(io::Error::other)?;
        let mut replacement = Replacement::create_named(&signature_of(report))?;
        replacement.write_all(signature.to_string().as_bytes())?;
        replacement.keep()
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// What protects a secret key.
enum Protection {
    Password,
    Checksum,
    /// With the bytes of the key.
    Nothing(Vec<u8>),
}

/// What protects a secret key; `None` if it is none: the algorithm of signatures, that of the password, and at the end a checksum.
fn protection(text: &str) -> Option<Protection> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.lines().nth(1)?.trim()).ok()?;
    match bytes.get(..4)? {
        b"EdSc" => Some(Protection::Password),
        b"Ed\0\0" if bytes.ends_with(&[0; 32]) => Some(Protection::Nothing(bytes)),
        b"Ed\0\0" => Some(Protection::Checksum),
        _ => None,
    }
}

fn read(path: &Path) -> Result<String, Diagnostic> {
    let unreadable = |error: io::Error| unread(&format!("`{}`", path.display()), &error, "check the path of the key");
    disk::read_text_named(path, LONGEST).map_err(unreadable)
}

/// Asks the person at the terminal for a password; `None` without an interactive terminal.
fn ask(console: &Arc<Console>, prompt: &str) -> Result<Option<String>, Diagnostic> {
    let Some(mut lines) = Lines::open(console) else { return Ok(None) };
    lines.secret(prompt).map(Some).ok_or_else(|| Diagnostic::new(Kind::Interrupted, "interrupted"))
}

/// A public key, from a file or as the text in it.
///
/// # Errors
/// If it is neither.
pub fn public_key(written: &str) -> Result<PublicKey, Diagnostic> {
    let path = Path::new(written);
    let invalid =
        || misuse(format!("`{written}` is not a public key of minisign"), "name its file, or give its text: RW…");
    if !path.exists() {
        return PublicKey::from_base64(written).map_err(|_| {
            let missing =
                misuse(format!("file not found: `{written}`"), "name the file of a public key, or give its text: RW…");
            if written.starts_with("RW") { invalid() } else { missing }
        });
    }
    let boxed = PublicKeyBox::from_string(&read(path)?).map_err(|_| invalid())?;
    boxed.into_public_key().map_err(|_| invalid())
}

/// The result of checking a signature.
pub enum Signature {
    /// It is by this key; with the signed comment.
    Good(String),
    /// It is not by this key, or the file was changed.
    Bad(&'static str),
    /// There is none.
    Missing,
}

/// Checks the signature beside a report.
///
/// # Errors
/// If the report cannot be read.
pub fn check(report: &Path, key: &PublicKey) -> Result<Signature, Diagnostic> {
    let beside = signature_of(report);
    if !beside.exists() {
        return Ok(Signature::Missing);
    }
    let Ok(signature) = SignatureBox::from_string(&read(&beside)?) else {
        return Ok(Signature::Bad("it is not a signature of minisign"));
    };
    if signature.keynum() != key.keynum() {
        return Ok(Signature::Bad("it is by another key"));
    }
    let unreadable = |error: io::Error| unread(&format!("`{}`", report.display()), &error, "check the path");
    let file = disk::open(report).map_err(unreadable)?;
    Ok(match minisign::verify(key, &signature, file, true, false, true) {
        Ok(()) => Signature::Good(signature.trusted_comment().unwrap_or_default()),
        Err(_) => Signature::Bad("the report or its signature was changed"),
    })
}

/// Makes a pair of keys: `NAME.key`, which only the user can read, and `NAME.pub`. Returns their paths.
///
/// # Errors
/// If one of them exists or cannot be written, or the password is missing.
pub fn make_keys(name: &Path, with_password: bool, console: &Arc<Console>) -> Result<(PathBuf, PathBuf), Diagnostic> {
    let file = |end: &str| {
        let mut path = name.as_os_str().to_owned();
        path.push(end);
        PathBuf::from(path)
    };
    let (secret, public) = (file(".key"), file(".pub"));
    for path in [&secret, &public] {
        if path.symlink_metadata().is_ok() {
            return Err(misuse(format!("`{}` exists", path.display()), "use another name; keys are never overwritten"));
        }
    }
    let password = if with_password { Some(new_password(console)?) } else { None };
    let broken =
        |error: minisign::PError| Diagnostic::new(Kind::InternalError, format!("no key could be made: {error}"));
    let pair = match password {
        Some(password) => minisign::KeyPair::generate_encrypted_keypair(Some(password)),
        None => minisign::KeyPair::generate_unencrypted_keypair(),
    };
    let pair = pair.map_err(broken)?;
    let sign = pair.sk.to_box(Some(&format!("{COMMENT} secret key"))).map_err(broken)?.into_string();
    let check = pair.pk.to_box().map_err(broken)?.into_string();
    let unwritable = |path: &Path, error: io::Error| {
        misuse(format!("`{}` cannot be written: {}", path.display(), disk::reason(&error)), "check the folder")
    };
    disk::create_private(&secret, sign.as_bytes()).map_err(|error| unwritable(&secret, error))?;
    disk::create(&public, check.as_bytes()).map_err(|error| unwritable(&public, error))?;
    Ok((secret, public))
}

/// A new password, typed twice.
fn new_password(console: &Arc<Console>) -> Result<String, Diagnostic> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(password);
    }
    let missing = || {
        let help = format!("run at a terminal, set {PASSWORD}, or use `--no-password`");
        misuse("a key needs a password", help)
    };
    let first = ask(console, "New password: ")?.filter(|password| !password.is_empty()).ok_or_else(missing)?;
    let again = ask(console, "The same password again: ")?.unwrap_or_default();
    // Compares digests, so that the time says nothing.
    if digests::of_bytes(first.as_bytes()) == digests::of_bytes(again.as_bytes()) {
        return Ok(first);
    }
    Err(misuse("the passwords differ", "run the command again"))
}
