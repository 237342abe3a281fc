//! The roots a chain may be judged by: what AWS is taken to trust, and what the user trusts.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use trustwalk_core::evidence::Roots;

use crate::error::CollectError;
use crate::limits::CONFIG_BYTES;

/// Where roots come from.
#[derive(Debug, Clone, Default)]
pub struct RootOptions {
    /// `--ca-bundle`: roots the user trusts besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// `--ca-library`: a PEM file standing for AWS's library of trusted roots.
    pub ca_library: Option<PathBuf>,
}

/// Certificates of a PEM file. An empty file is an empty set, which is a legal library; one of something else is none.
pub fn read_pem(path: &Path) -> Result<Vec<CertificateDer<'static>>, CollectError> {
    let text = crate::files::read_bounded(path)?;
    let refuse = |reason: String| CollectError::Pem { path: path.to_owned(), reason };
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|e| refuse(e.to_string()))?;
    if found.is_empty() && !text.trim_ascii().is_empty() {
        return Err(refuse("it holds no certificate".to_owned()));
    }
    Ok(found)
}

/// What people name who want no roots.
const NO_ROOTS: &str = "/dev/null";

/// Where Linux distributions keep all their roots in one file: Debian and Alpine, Fedora and RHEL (its
/// old and new place), SUSE, and what is left. The list is that of Go's `crypto/x509`.
const SYSTEM_FILES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The roots of the system store: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else the platform's.
///
/// On Linux the distribution's one file is read where it exists, as curl does. Reading the folder of
/// the same certificates beside it opens some 300 files more, which costs more than a whole walk does.
pub fn system() -> Vec<CertificateDer<'static>> {
    let (file, folder) = (named("SSL_CERT_FILE"), named("SSL_CERT_DIR"));
    if file.is_some() || folder.is_some() {
        // What is no file may never end.
        let file = file.filter(|path| path.is_file());
        return rustls_native_certs::load_certs_from_paths(file.as_deref(), folder.as_deref()).certs;
    }
    if cfg!(target_os = "linux") {
        for path in SYSTEM_FILES.map(Path::new) {
            let roots = rustls_native_certs::load_certs_from_paths(path.is_file().then_some(path), None).certs;
            if !roots.is_empty() {
                return roots;
            }
        }
    }
    rustls_native_certs::load_native_certs().certs
}

/// The encodings of both sets, for judging chains without evidence: a fleet's run is over before base64 and back is.
#[derive(Debug, Clone, Default)]
pub struct Encoded {
    /// What stands for AWS's library.
    pub library: Vec<Vec<u8>>,
    /// What the user trusts besides.
    pub user: Vec<Vec<u8>>,
    /// Whether the system has roots besides `library`, which [`system`] reads: those of a folder, a file for each.
    pub more: bool,
}

/// Both sets, as [`for_evidence`] has them, and of the system's roots those first that stand in one file.
pub fn encoded(options: &RootOptions) -> Result<Encoded, CollectError> {
    let plain = |all: Vec<CertificateDer<'_>>| all.into_iter().map(|c| c.as_ref().to_vec()).collect();
    let of = |path: &Option<PathBuf>| -> Result<Option<Vec<Vec<u8>>>, CollectError> {
        Ok(path.as_deref().map(read_pem).transpose()?.map(plain))
    };
    let user = of(&options.ca_bundle)?.unwrap_or_default();
    if let Some(library) = of(&options.ca_library)? {
        return Ok(Encoded { library, user, more: false });
    }
    Ok(match system_file() {
        Some(library) => Encoded { library, user, more: named("SSL_CERT_DIR").is_some() },
        None => Encoded { library: plain(system()), user, more: false },
    })
}

fn named(variable: &str) -> Option<PathBuf> {
    crate::env::env_os(variable).map(PathBuf::from)
}

/// The certificates of the one file that [`system`] reads, where there is one and all of it is as such files are.
fn system_file() -> Option<Vec<Vec<u8>>> {
    let usual = || {
        let none = named("SSL_CERT_DIR").is_none() && cfg!(target_os = "linux");
        none.then(|| SYSTEM_FILES.map(PathBuf::from).into_iter().find(|path| path.is_file())).flatten()
    };
    let path = named("SSL_CERT_FILE").or_else(usual).filter(|path| path.is_file())?;
    let text = crate::files::read_bounded(&path).ok()?;
    certificates(&text).filter(|all| !all.is_empty())
}

/// The certificates of a text that holds plain blocks of PEM and comments between them (RFC 7468); `None` where a block
/// is of another form, which the general reader is asked about. That one takes the same time for every letter, as
/// secrets want it, and certificates are none.
fn certificates(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut all, mut body, mut inside) = (Vec::new(), Vec::new(), false);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
        let line = text.get(start..end).unwrap_or_default().trim_ascii();
        start = end + 1;
        match line {
            b"-----BEGIN CERTIFICATE-----" if !inside => inside = true,
            b"-----END CERTIFICATE-----" if inside => {
                all.push(STANDARD.decode(&body).ok()?);
                body.clear();
                inside = false;
            }
            _ if line.starts_with(b"-----") => return None,
            _ if inside => body.extend_from_slice(line),
            _ => {}
        }
    }
    (!inside).then_some(all)
}

/// Whether what `SSL_CERT_FILE` and `SSL_CERT_DIR` name can be read to its end. Every library that makes a TLS client
/// reads them, without a limit.
pub fn check_environment() -> Result<(), CollectError> {
    check(named("SSL_CERT_FILE").as_deref(), named("SSL_CERT_DIR").as_deref())
}

fn check(file: Option<&Path>, folder: Option<&Path>) -> Result<(), CollectError> {
    // What is not there holds no roots.
    if let Some(file) = file.filter(|path| path.exists() && *path != Path::new(NO_ROOTS)) {
        sized(file)?;
    }
    for entry in folder.and_then(|path| std::fs::read_dir(path).ok()).into_iter().flatten().flatten() {
        let path = entry.path();
        // What is no file is not read of a folder.
        if let Ok(meta) = std::fs::metadata(&path)
            && meta.is_file()
        {
            within(&path, &meta)?;
        }
    }
    Ok(())
}

fn sized(path: &Path) -> Result<(), CollectError> {
    let meta = std::fs::metadata(path).map_err(|source| CollectError::Read { path: path.to_owned(), source })?;
    if !meta.is_file() && !meta.is_dir() {
        return Err(CollectError::NotAFile { path: path.to_owned() });
    }
    within(path, &meta)
}

fn within(path: &Path, meta: &Metadata) -> Result<(), CollectError> {
    // The kernel's own files say that they are empty, and some have no end.
    if meta.len() > CONFIG_BYTES || path.starts_with("/proc") {
        return Err(CollectError::TooLarge { path: path.to_owned(), limit: CONFIG_BYTES });
    }
    Ok(())
}

/// Both sets, for the evidence.
///
/// AWS does not publish its library. When no file stands for it, the system's store of public
/// roots does, and the report names it so.
pub fn for_evidence(options: &RootOptions) -> Result<Roots, CollectError> {
    let encode = |certs: &[CertificateDer<'_>]| certs.iter().map(|c| STANDARD.encode(c)).collect::<Vec<_>>();
    let mut user = Vec::new();
    if let Some(path) = &options.ca_bundle {
        user = encode(&read_pem(path)?);
    }
    let (library, library_name) = match &options.ca_library {
        Some(path) => (encode(&read_pem(path)?), format!("the CA library given ({})", file_name(path))),
        None => {
            (encode(&system()), "this system's public CA store, standing in for AWS's unpublished library".to_owned())
        }
    };
    Ok(Roots { library, library_name, user })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "given file".to_owned(), |n| n.to_string_lossy().into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_short_reader_of_plain_files_reads_what_the_general_one_does() {
        let dir = tempfile::tempdir().unwrap();
        let pem = |bits: u8| {
            let body = STANDARD.encode([bits; 100]);
            let (a, b) = body.split_at(64);
            format!("# comment {bits}\n-----BEGIN CERTIFICATE-----\r\n{a}\n{b}\n-----END CERTIFICATE-----\n\n")
        };
        let text = pem(1) + &pem(2);
        let path = dir.path().join("plain");
        std::fs::write(&path, &text).unwrap();
        let general: Vec<Vec<u8>> = read_pem(&path).unwrap().iter().map(|c| c.as_ref().to_vec()).collect();
        assert_eq!(certificates(text.as_bytes()), Some(general));
        for other in [
            text.replace("END CERTIFICATE", "END OTHER"),
            text.replace("BEGIN CERTIFICATE", "BEGIN TRUSTED CERTIFICATE"),
            text.replacen("-----END CERTIFICATE-----", "", 1),
            text.replace("AQEB", "A:EB"),
        ] {
            assert_eq!(certificates(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn roots_that_never_end_are_refused_before_a_library_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let (file, large) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&file, "x").unwrap();
        assert!(check(None, None).is_ok() && check(Some(&file), Some(dir.path())).is_ok());
        assert!(check(Some(Path::new("/nonexistent")), Some(Path::new("/nonexistent"))).is_ok());
        assert!(check(Some(Path::new("/dev/null")), None).is_ok());
        assert!(matches!(check(Some(Path::new("/dev/zero")), None), Err(CollectError::NotAFile { .. })));
        std::fs::File::create(&large).unwrap().set_len(CONFIG_BYTES + 1).unwrap();
        assert!(matches!(check(Some(&large), None), Err(CollectError::TooLarge { .. })));
        assert!(matches!(check(None, Some(dir.path())), Err(CollectError::TooLarge { .. })));
    }
}
