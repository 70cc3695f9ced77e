//! `vouchsafe client setup pypi`: one command, and every tool of a person works.

use vouchsafe_testkit::Ran;

use crate::stage::Stage;

#[test]
fn after_setup_every_tool_installs_and_publishes_by_itself() {
    let mut stage = Stage::new("[access]\nread = \"signed-in\"\n");
    stage.publish("beta", "1.0", "");
    let project = stage.built("demo", "demo", "1.0", "A = 1\n");
    // What the person has is asked for, not what other tests shut out.
    stage.home.set("PIP_CONFIG_FILE", "");
    stage.home.set("UV_PUBLISH_TOKEN", stage.token.clone());
    let binary = env!("CARGO_BIN_EXE_vouchsafe");
    let (url, token) = (stage.server.url(), stage.token.clone());
    let setup = ["client", "setup", "pypi", "--url", &url, "--token", &token];
    stage.home.run(stage.home.home(), binary, &setup).ok();

    let run = |program: &str, args: &[&str]| -> Ran {
        let mut command = stage.home.command(program);
        command.env_remove("UV_NO_CONFIG").env_remove("PIP_CONFIG_FILE");
        command.args(args).current_dir(&project);
        Ran::of(command)
    };
    run(
        "twine",
        &["upload", "--non-interactive", "--repository", "vouchsafe", "dist/demo-1.0.tar.gz"],
    )
    .ok();
    run("uv", &["publish", "--trusted-publishing", "never", "--index", "vouchsafe", "dist/*"]).ok();
    run("poetry", &["--no-interaction", "publish", "--repository", "vouchsafe"]).ok();
    run("python", &["-m", "pip", "install", "--target", "pip", "beta", "demo"]).ok();
    assert!(project.join("pip/demo-1.0.dist-info").exists());
    run("uv", &["pip", "install", "--target", "uv", "beta", "demo"]).ok();
    assert!(project.join("uv/beta-1.0.dist-info").exists());
}
