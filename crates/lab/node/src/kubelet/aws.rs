//! `aws` in a container: `sts get-caller-identity`, for whatever image.

use std::{sync::Arc, sync::PoisonError, thread};

use trustwalk_lab_cluster::ExecResult;

use super::{
    inside::{Shell, failed, printed},
    logs::ContainerLog,
};
use crate::agent::{CLI_USER_AGENT, caller_identity, identity};

/// Exit codes of the CLI (AWS CLI User Guide, "Command line return codes").
const WRONG_ARGUMENTS: i32 = 252;
const REFUSED: i32 = 254;
const OTHER: i32 = 255;

/// Runs the CLI. Where the container's program is one of the lab's, which acts as its SDK does, the answer is what it
/// was last told; anywhere else the CLI finds out by itself.
pub(super) fn run(shell: &Shell<'_>, arguments: &[String]) -> ExecResult {
    let words: Vec<&str> = arguments.iter().filter(|a| !a.starts_with('-')).map(String::as_str).collect();
    if !words.starts_with(&["sts", "get-caller-identity"]) {
        return failed("aws: only `sts get-caller-identity` is known in the lab\n", WRONG_ARGUMENTS);
    }
    if shell.container.acts {
        let told = shell.container.identity.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match told {
            Some(Ok(arn)) => return printed(identity("", &arn)),
            Some(Err(text)) => return failed(&format!("\n{text}\n"), REFUSED),
            None => {}
        }
    }
    match asked(shell) {
        Ok(text) => printed(text),
        Err((text, code)) => failed(&format!("\n{text}\n"), code),
    }
}

/// Asks AWS, on a thread with a reactor of its own: commands run where nothing can be awaited.
fn asked(shell: &Shell<'_>) -> Result<String, (String, i32)> {
    let log = Arc::new(ContainerLog::default());
    let mut context = shell.pod.context(shell.container, log);
    context.user_agent = CLI_USER_AGENT;
    let ask = move || {
        let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        reactor.map_err(|error| (error.to_string(), OTHER))?.block_on(caller_identity(&context))
    };
    thread::spawn(ask).join().unwrap_or_else(|_| Err(("the command gave up".to_owned(), OTHER)))
}
