//! A log of the kind the VPC CNI writes, of any size and share of failures.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Result;

const SOUND: [&str; 5] = [
    "Reconciling ENI/IP pool info because time since last 1m0.000s > 1m0s",
    "IP stats for Network Card 0 - total IPs: 30, assigned IPs: 12, cooldown IPs: 0",
    "Found ENI Count - total: 3, trunk: 0, efa: 0, usable: 3, assigned pods: 12",
    "Successfully reconciled ENI eni-0a1b2c3d4e5f60718 and datastore for node pool after increase",
    "AddNetworkRequest: K8S_POD_NAME:web-6d4cf56db6-abcde K8S_POD_NAMESPACE:shop IF_NAME:eth0 ContainerID:1b2c3d",
];
const FAILING: [&str; 3] = [
    "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
    "Incorrect token audience",
    "No OpenIDConnect provider found in your account for \
     https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
];
/// What a person would search for: every failing line has the first of them.
pub(crate) const SIX: [&str; 6] = [
    "WebIdentityErr",
    "InvalidIdentityToken",
    "AssumeRoleWithWebIdentity",
    "OpenIDConnect provider",
    "Incorrect token audience",
    "ExpiredTokenException",
];

/// What a log was made of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Made {
    /// Size.
    pub(crate) bytes: u64,
    /// Lines that tell of a failure.
    pub(crate) failures: u64,
}

/// Writes a log of at least `bytes` with so many failing lines in a million. It follows from the
/// arguments alone.
pub(crate) fn make(path: &Path, bytes: u64, per_million: u64) -> Result<Made> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let (mut made, mut i, mut state) = (Made::default(), 0_u64, 0x9e37_79b9_7f4a_7c15_u64);
    let mut line = Vec::new();
    while made.bytes < bytes {
        // xorshift64: spreads the failures evenly and the same in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (hour, minute, second, milli) = (i / 3_600_000 % 24, i / 60_000 % 60, i / 1000 % 60, i % 1000);
        let pick = |from: &[&'static str]| {
            from.get(usize::try_from(state % 15).unwrap_or(0) % from.len()).copied().unwrap_or_default()
        };
        line.clear();
        write!(
            line,
            "{{\"level\":\"debug\",\"ts\":\"2026-11-23T{hour:02}:{minute:02}:{second:02}.{milli:03}Z\",\
             \"caller\":\"ipamd/ipamd.go:{}\",\"msg\":\"",
            600 + state % 15 * 60
        )?;
        if state / 16 % 1_000_000 < per_million {
            made.failures += 1;
            writeln!(
                line,
                "Failed to call ec2:DescribeNetworkInterfaces: WebIdentityErr: failed to retrieve \
                 credentials\\ncaused by: InvalidIdentityToken: {}\\n\\tstatus code: 400, request id: \
                 {:08x}-c50b-4cae-b958-917eb6a34b50\"}}",
                pick(&FAILING),
                state % 0xffff_ffff
            )?;
        } else {
            writeln!(
                line,
                "{} ({i}), node ip-10-0-{}-{}.eu-west-1.compute.internal, warm target 1, datastore generation \
                 {state}\"}}",
                pick(&SOUND),
                state % 255,
                i % 255
            )?;
        }
        out.write_all(&line)?;
        made.bytes += line.len() as u64;
        i += 1;
    }
    out.flush()?;
    Ok(made)
}

/// Compresses a file as a rotated log is.
pub(crate) fn gzip(from: &Path, to: &Path) -> Result<()> {
    let mut encoder = flate2::write::GzEncoder::new(BufWriter::new(File::create(to)?), flate2::Compression::default());
    std::io::copy(&mut File::open(from)?, &mut encoder)?;
    encoder.finish()?.flush()?;
    Ok(())
}
