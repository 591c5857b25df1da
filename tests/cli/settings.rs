//! Settings: files, `--var-file`, `--var`, and what is wrong with them.

use crate::support::Project;

#[test]
fn an_unknown_setting_points_at_its_line() {
    let project = Project::new();
    project.write("stacks/settings/dev.toml", "[network]\nvpc_cidr = \"10.0.0.0/16\"\nzoens = 3\n");
    let run = project.typed("validate --env dev");
    insta::assert_snapshot!(run.shown());
    assert!(!project.has_state());
}

#[test]
fn an_ill_typed_setting_points_at_its_value() {
    let project = Project::new();
    let text = "[network]\nvpc_cidr = \"10.0.0.0/16\"\nzones = \"two\"\n";
    project.write("stacks/settings/dev.toml", text);
    insta::assert_snapshot!(project.typed("validate --env dev").shown());
}

#[test]
fn an_invalid_cidr_is_refused_where_it_is_written() {
    let project = Project::new();
    project.write("stacks/settings/dev.toml", "[network]\nvpc_cidr = \"10.0.0.0/33\"\n");
    insta::assert_snapshot!(project.typed("validate --env dev").shown());
}

#[test]
fn a_file_that_is_not_toml_is_refused() {
    let project = Project::new();
    project.write("stacks/settings/dev.toml", "[network\n");
    let run = project.typed("validate --env dev");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[config::syntax]"), "{}", run.shown());
    assert!(run.stderr.contains("stacks/settings/dev.toml:1"), "{}", run.shown());
}

/// A program that shows its settings.
fn showing() -> Project {
    let project = Project::new();
    project.program(
        "def plain(node):\n\
         \x20   value = node['value']['value']\n\
         \x20   if isinstance(value, dict):\n\
         \x20       return {k: plain(v) for k, v in value.items()}\n\
         \x20   return value\n\
         print(json.dumps({k: plain(v) for k, v in settings.items()}), flush=True)\n\
         desired()",
    );
    project
}

#[test]
fn later_sources_win() {
    let project = showing();
    let text = "[web]\na = 1\nb = 1\nc.d = 1\nc.e = 1\n";
    project.write("stacks/settings/dev.toml", text);
    project.write("more.toml", "[web]\nb = 2\nc.d = 2\n");
    let run = project.stacks("validate --env dev --var-file more.toml --var c.d=3 --var new=x=y");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let shown = r#"web | {"a": 1, "b": 2, "c": {"d": "3", "e": 1}, "new": "x=y"}"#;
    assert!(run.stderr.contains(shown), "{}", run.shown());
}

#[test]
fn a_var_file_that_is_not_there_is_an_error() {
    let run = showing().stacks("validate --env dev --var-file none.toml");
    insta::assert_snapshot!(run.shown(), @r"
    exit: 1
    --- stderr
    error[settings::file]: there is no such file
      = `none.toml`, given with `--var-file`
    ");
}

#[test]
fn a_variable_goes_to_the_stacks_that_know_it() {
    let project = Project::with_cloud();
    project.write(
        "stacks/settings/dev.toml",
        "[network]\nvpc_cidr = \"10.0.0.0/16\"\n[broken]\nhow = \"nothing\"\n",
    );
    let run = project.typed("validate --env dev --var zones=1");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let zones = run.stderr.lines().filter(|line| line.starts_with("network | a subnet")).count();
    assert_eq!(zones, 1, "{}", run.shown());
}

#[test]
fn a_variable_that_no_stack_knows_is_an_error() {
    let project = Project::new();
    project.write(
        "stacks/settings/dev.toml",
        "[network]\nvpc_cidr = \"10.0.0.0/16\"\n[broken]\nhow = \"nothing\"\n",
    );
    let run = project.typed("validate --env dev --var nobody=1");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let errors = run.stderr.lines().filter(|line| line.starts_with("error[")).count();
    assert_eq!(errors, 1, "{}", run.shown());
    assert!(run.stderr.contains("error[settings::unknown]"), "{}", run.shown());
    assert!(run.stderr.contains("`nobody`"), "{}", run.shown());
}

#[test]
fn a_secret_on_the_command_line_is_warned_of_and_not_shown() {
    let project = Project::new();
    let set = "{name: node['value']['value'] for name, node in settings.items()}";
    project.program(&format!(
        "given = {set}\n\
         desired(\n\
         \x20   resource('token', 'infra_data', input={{'$sensitive': given['token']}}),\n\
         \x20   resource('plain', 'infra_data', input=given['name']),\n\
         )"
    ));
    let run = project.stacks("validate --env dev --var token=hunter2-of-the-sea --var name=web");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    insta::assert_snapshot!(run.stderr, @r"
    warning[cli::secret-argument]: a secret stands on the command line
      ┌─ stacks/src/main.rs:7:5
      = `token`
      = `--var token=…` goes to `input` of this resource; arguments are seen by others on this machine, and kept by shells and logs
      = hint: have it made by a `random_password`, look it up in Secrets Manager, or read it from a file with `--var-file`
    ");
    // A file is not seen by others.
    project.write("secret.toml", "[web]\ntoken = \"hunter2-of-the-sea\"\nname = \"web\"\n");
    let run = project.stacks("validate --env dev --var-file secret.toml");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.shown());
}
