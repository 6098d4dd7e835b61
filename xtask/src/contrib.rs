//! What an operator takes from `contrib/`, tried by the programs that will read it: a rule that Prometheus cannot parse
//! takes all the others with it, and a line that systemd does not know is ignored in silence.

use std::path::Path;
use std::process::Command;

use anyhow::ensure;
use forebay_testkit::notice;

use crate::{packages, run};

/// Tries the alert rules and the units.
///
/// # Errors
/// A rule does not do what its test says, or systemd has something to say about a unit.
pub(crate) fn check(notices: &Path) -> anyhow::Result<()> {
    alerts(notices)?;
    units(notices)
}

fn alerts(notices: &Path) -> anyhow::Result<()> {
    let Some(promtool) = packages::unpacked("prometheus", "usr/bin/promtool")? else {
        notice::append(notices, "there is no promtool; the alert rules are not tried");
        return Ok(());
    };
    let mut test = Command::new(promtool);
    test.args(["test", "rules", "alerts.test.yml"]).current_dir(run::root().join("contrib"));
    run::step("alert rules", test)
}

/// `systemd-analyze verify` warns and ends with success, so whatever it says counts. The program need not be installed here.
fn units(notices: &Path) -> anyhow::Result<()> {
    if !run::on_path("systemd-analyze") {
        notice::append(notices, "there is no systemd-analyze; the units are not tried");
        return Ok(());
    }
    let dir = run::target_directory()?.join("units");
    std::fs::create_dir_all(&dir)?;
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for unit in ["forebay.service", "forebay.socket"] {
        let text = std::fs::read_to_string(run::root().join("contrib/systemd").join(unit))?;
        std::fs::write(dir.join(unit), text.replace("/usr/local/bin/forebay", "/bin/true"))?;
        verify.arg(dir.join(unit));
    }
    let output = verify.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.trim().is_empty(), "systemd units: {said}");
    eprintln!("── systemd units: done");
    Ok(())
}
