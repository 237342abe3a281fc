//! Prints scanning speed: `logs_speed FILE [THREADS]`, or `logs_speed make FILE MIB HITS_PER_MILLION`
//! to write a log of the kind the VPC CNI writes. The log follows from its arguments alone.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use trustwalk_logs::scan_files;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", path, mib, rate] => make(Path::new(path), mib.parse()?, rate.parse()?),
        [path] => scan(path, 1),
        [path, threads] => scan(path, threads.parse()?),
        _ => Err("usage: logs_speed FILE [THREADS] | logs_speed make FILE MIB HITS_PER_MILLION".into()),
    }
}

fn scan(path: &str, threads: usize) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let summary = scan_files(&[path], threads)?;
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = f64::from(u32::try_from(summary.bytes / 1_000_000)?);
    writeln!(
        std::io::stdout(),
        "{{\"bytes\":{},\"threads\":{threads},\"seconds\":{seconds:.4},\"gigabytes_per_second\":{:.2},\"failures\":{},\"causes\":{}}}",
        summary.bytes,
        megabytes / 1000.0 / seconds,
        summary.failures(),
        summary.causes.len()
    )?;
    Ok(())
}

const SOUND: &[&str] = &[
    "Reconciling ENI/IP pool info because time since last 1m0.000s > 1m0s",
    "IP stats for Network Card 0 - total IPs: 30, assigned IPs: 12, cooldown IPs: 0",
    "Found ENI Count - total: 3, trunk: 0, efa: 0, usable: 3, assigned pods: 12",
    "Successfully reconciled ENI eni-0a1b2c3d4e5f60718 and datastore for node pool after increase",
    "AddNetworkRequest: K8S_POD_NAME:web-6d4cf56db6-abcde K8S_POD_NAMESPACE:shop IF_NAME:eth0 ContainerID:1b2c3d",
];
const FAILING: &[&str] = &[
    "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
    "Incorrect token audience",
    "No OpenIDConnect provider found in your account for https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
];

fn make(path: &Path, mib: u64, per_million: u64) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let (mut written, mut i, mut state) = (0u64, 0u64, 0x9e37_79b9_7f4a_7c15_u64);
    let mut line = Vec::new();
    while written < mib << 20 {
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
            "{{\"level\":\"debug\",\"ts\":\"2026-11-23T{hour:02}:{minute:02}:{second:02}.{milli:03}Z\",\"caller\":\"ipamd/ipamd.go:{}\",\"msg\":\"",
            600 + state % 15 * 60
        )?;
        if state / 16 % 1_000_000 < per_million {
            writeln!(
                line,
                "Failed to call ec2:DescribeNetworkInterfaces: WebIdentityErr: failed to retrieve credentials\\ncaused by: InvalidIdentityToken: {}\\n\\tstatus code: 400, request id: {:08x}-c50b-4cae-b958-917eb6a34b50\"}}",
                pick(FAILING),
                state % 0xffff_ffff
            )?;
        } else {
            writeln!(
                line,
                "{} ({i}), node ip-10-0-{}-{}.eu-west-1.compute.internal, warm target 1, datastore generation {state}\"}}",
                pick(SOUND),
                state % 255,
                i % 255
            )?;
        }
        out.write_all(&line)?;
        written += line.len() as u64;
        i += 1;
    }
    out.flush()?;
    Ok(())
}
