//! Projects of real size through upstreams that `vouchsafe adopt` learns from this machine's
//! clients: from the network, then from the cache alone, then with a cooldown of years.

mod real_client {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions};

    /// A date before which every package here had releases, and after which new ones came.
    const YEARS: &str = "1095d";

    const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");

    /// A server whose upstream is the one that this machine's client of an ecosystem has.
    struct Adopted {
        server: Server,
        sandbox: Sandbox,
        ecosystem: &'static str,
        config: PathBuf,
    }

    impl Adopted {
        /// Learns the upstream from the client as this machine has set it up, then points a
        /// client with an empty home at the server.
        fn new(ecosystem: &'static str) -> Self {
            let sandbox = Sandbox::new();
            let config = sandbox.write("vouchsafe.toml", "");
            let options = ServerOptions {
                args: vec!["--config".to_owned(), config.display().to_string()],
                ..ServerOptions::default()
            };
            let mut server = Server::start(BINARY, options);
            server.stop();
            let mut adopt = Command::new(BINARY);
            adopt.args(["adopt", "--keep-clients", "--ecosystem", ecosystem, "--config"]);
            adopt.arg(&config).arg("--data").arg(server.data_dir()).current_dir(sandbox.home());
            adopt.env("PATH", sandbox.command("env").get_envs().find_map(path_of).unwrap());
            adopt.env_remove("VOUCHSAFE_DATA").env_remove("VOUCHSAFE_TOOLS");
            Ran::of(adopt).ok();
            server.up();
            let this = Self { server, sandbox, ecosystem, config };
            let setup = this.sandbox.command("env").get_envs().count();
            assert_ne!(setup, 0);
            this.point_clients();
            this
        }

        fn point_clients(&self) {
            let url = self.server.url();
            let mut setup = Command::new(BINARY);
            setup.args(["client", "setup", self.ecosystem, "--url", &url]);
            setup.env_clear();
            for (key, value) in self.sandbox.command("env").get_envs() {
                setup.env(key, value.unwrap_or_default());
            }
            Ran::of(setup).ok();
        }

        /// Restarts the server with another configuration.
        fn restart_with(&mut self, change: impl Fn(&str) -> String) {
            self.server.stop();
            let config = std::fs::read_to_string(&self.config).unwrap();
            std::fs::write(&self.config, change(&config)).unwrap();
            self.server.up();
        }

        /// Cuts the upstream off: its address is one where nobody answers.
        fn cut_off(&mut self) {
            self.restart_with(|config| {
                let lines = config.lines().map(|line| match line.strip_prefix("url = ") {
                    Some(_) => "url = \"http://127.0.0.1:9/\"\n".to_owned(),
                    None => format!("{line}\n"),
                });
                lines.collect()
            });
        }

        fn run(&self, dir: &Path, program: &str, args: &[&str]) -> Ran {
            self.sandbox.run(dir, program, args)
        }
    }

    fn path_of<'a>(
        (key, value): (&'a std::ffi::OsStr, Option<&'a std::ffi::OsStr>),
    ) -> Option<&'a std::ffi::OsStr> {
        if key == "PATH" { value } else { None }
    }
}
