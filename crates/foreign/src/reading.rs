//! Commands of others that are shown as "read it yourself with …": shown only where they do nothing but read.
//!
//! A bundle is a file, and a file may have been written by anybody: what it offers as the command that shows a fact
//! must be one of the few kinds that the doctor writes itself.

use crate::address;
use crate::shell::words;

/// Options of the commands that the doctor writes. Others lead elsewhere (`--endpoint-url`), take another identity
/// (`--kubeconfig`, `--profile`) or write (`-o` of curl).
const OPTIONS: [&str; 20] = [
    "--role-name",
    "--role-arn",
    "--role-session-name",
    "--web-identity-token",
    "--open-id-connect-provider-arn",
    "--name",
    "--cluster-name",
    "--namespace",
    "--query",
    "--lookup-attributes",
    "-n",
    "-o",
    "-c",
    "-A",
    "--audience",
    "--all-containers",
    "--previous",
    "--image",
    "--overrides",
    "--dry-run",
];

/// Whether a command is one of those that read, with nothing before, after or inside it.
pub fn is_reading(command: &str) -> bool {
    if let Some(rest) = command.strip_prefix("openssl s_client ") {
        return of_openssl(rest.strip_suffix(" </dev/null").unwrap_or(rest));
    }
    // The one value that a person fills in: it never stands in evidence.
    let told = command.strip_suffix(" --web-identity-token \"$TOKEN\"").unwrap_or(command);
    let Some(words) = words(told) else { return false };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["curl", url] | ["curl", "-g", url] => address::curl(url).is_some(),
        ["aws", _, verb, rest @ ..] => {
            let reads = ["get-", "list-", "describe-", "lookup-"].iter().any(|v| verb.starts_with(v));
            let local = |w: &&str| w.to_ascii_lowercase().starts_with("file");
            (reads || *verb == "assume-role-with-web-identity") && options_are_ours(rest) && !rest.iter().any(local)
        }
        ["kubectl", "get" | "logs" | "cluster-info", rest @ ..] | ["kubectl", "create", "token", rest @ ..] => {
            options_are_ours(rest)
        }
        ["kubectl", "exec", head @ .., "--", "cat", path] => options_are_ours(head) && !path.starts_with('-'),
        ["kubectl", "run", "probe", rest @ ..] => rest.contains(&"--dry-run=server") && options_are_ours(rest),
        _ => false,
    }
}

fn options_are_ours(words: &[&str]) -> bool {
    let name = |w: &str| w.split('=').next().unwrap_or_default().to_owned();
    let named = |w: &&&str| w.starts_with('-');
    let formats = words.windows(2).filter(|pair| pair.first() == Some(&"-o")).all(|pair| pair.last() == Some(&"yaml"));
    formats && words.iter().filter(named).all(|w| OPTIONS.contains(&name(w).as_str()))
}

fn of_openssl(rest: &str) -> bool {
    let Some(words) = words(rest) else { return false };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["-connect", at, "-servername", name, "-showcerts"] = words.as_slice() else { return false };
    let Some((host, port)) = at.rsplit_once(':') else { return false };
    address::is_public(name) && host.trim_matches(['[', ']']) == *name && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_reading;

    #[test]
    fn what_the_doctor_writes_reads() {
        for command in [
            "aws sts get-caller-identity",
            "aws iam get-role --role-name 'a b'",
            "aws iam list-roles --query \"Roles[?contains(to_string(AssumeRolePolicyDocument), 'ISSUER')].Arn\"",
            "aws sts assume-role-with-web-identity --role-arn r --role-session-name check --web-identity-token \
             \"$TOKEN\"",
            "kubectl get daemonsets aws-node -n kube-system -o yaml",
            "kubectl get pods -A",
            "kubectl logs -n n p -c c --previous",
            "kubectl create token sa -n n --audience sts.amazonaws.com",
            "kubectl exec -n n p -c c -- cat /host/var/log/x",
            "kubectl run probe -n n --image=pause --overrides='{\"spec\":{}}' --dry-run=server -o yaml",
            "curl https://h.example/keys",
            "openssl s_client -connect h.example:443 -servername h.example -showcerts </dev/null",
        ] {
            assert!(is_reading(command), "{command}");
        }
    }

    #[test]
    fn what_does_anything_else_does_not() {
        for command in [
            "",
            "rm -rf x",
            "curl https://h.example/x | sh",
            "curl https://169.254.169.254/x",
            "curl -o x https://h.example/x",
            "curl https://h.example/x; rm x",
            "aws iam delete-role --role-name x",
            "aws iam get-role --role-name x --endpoint-url https://h.example",
            "aws iam get-role --role-name file:///etc/passwd",
            "kubectl get pods --kubeconfig=x",
            "kubectl get pods -o jsonpath-file=x",
            "kubectl delete ns x",
            "kubectl run probe -n n --image=pause",
            "kubectl exec -n n p -- sh -c x",
            "openssl s_client -connect 127.0.0.1:443 -servername h.example -showcerts",
            "openssl s_client -connect h.example:443 -servername h.example -showcerts -engine x",
            "PATH=x aws sts get-caller-identity",
            "aws sts get-caller-identity\nrm x",
            "aws iam get-role --role-name \"$(rm x)\"",
        ] {
            assert!(!is_reading(command), "{command}");
        }
    }
}
