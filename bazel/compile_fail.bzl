"""`hydra_compile_fail_test`: misuse must not compile, and the compiler must say why."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("//bazel:hydra.bzl", "COPTS")

def hydra_compile_fail_test(name, src, cases, deps, tags = []):
    """Compiles `src` once for each case, and expects an error.

        hydra_compile_fail_test(
            name = "spawn_compile_fail_test",
            src = "spawn_compile_fail_test.cc",
            cases = {"REFERENCE_PARAMETER": "a process body takes its arguments by value"},
            deps = [":spawn"],
        )

    The source holds each misuse in `#if defined(REFERENCE_PARAMETER)` ... `#endif`. It is also
    compiled with no case defined, which must succeed: a typo in what the cases share can't pass for
    a refusal.

    Args:
      name: the test's.
      src: the .cc file.
      cases: from the macro that selects a case to an extended regular expression that a line of the
        compiler's output must match.
      deps: libraries that `src` includes.
      tags: added to the test's.
    """
    _compile_fail_test(
        name = name,
        size = "small",
        src = src,
        cases = cases,
        tags = ["compile_only"] + tags,
        deps = deps,
    )

_CHECK = """\
#!/usr/bin/env bash
failed=0
fail() { failed=1; echo "FAILED $1: $2"; echo "--- the compiler's output:"; cat "$3"; echo; }
check() {
  local name="$1" log="$2" regex="$3" compiled=no
  grep -q '^compiled$' "$log" && compiled=yes
  if [[ -z "$name" ]]; then
    [[ $compiled = yes ]] || fail "with no case defined" "doesn't compile" "$log"
  elif [[ $compiled = yes ]]; then
    fail "$name" "compiles" "$log"
  elif ! grep -Eq -- "$regex" "$log"; then
    fail "$name" "no line matches: $regex" "$log"
  fi
}
"""

def _impl(ctx):
    logs = {case: _compile(ctx, case) for case in [""] + ctx.attr.cases.keys()}
    checks = [
        "check '%s' '%s' %s" % (case, log.short_path, _quote(ctx.attr.cases.get(case, "")))
        for case, log in logs.items()
    ]
    test = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(test, _CHECK + "\n".join(checks) + "\nexit $failed\n", is_executable = True)
    return [DefaultInfo(executable = test, runfiles = ctx.runfiles(files = logs.values()))]

def _compile(ctx, case):
    """Compiles the source with `case` defined, and returns a log of it: an action that always succeeds."""
    toolchain = find_cpp_toolchain(ctx)
    headers = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        # Both need a module map of the target itself, which only cc_library writes.
        unsupported_features = ctx.disabled_features + ["layering_check", "module_maps"],
    )
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        source_file = ctx.file.src.path,
        # Without the snippets: a static_assert must fire, not merely be quoted.
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts + COPTS +
                             ["-fsyntax-only", "-fno-caret-diagnostics", "-fno-color-diagnostics"],
        include_directories = headers.includes,
        quote_include_directories = headers.quote_includes,
        system_include_directories = headers.system_includes,
        preprocessor_defines = depset(([case] if case else []), transitive = [headers.defines]),
    )
    action = dict(
        feature_configuration = features,
        action_name = "c++-compile",
        variables = variables,
    )
    log = ctx.actions.declare_file("%s_%s.log" % (ctx.label.name, case or "none"))
    ctx.actions.run_shell(
        outputs = [log],
        inputs = depset([ctx.file.src], transitive = [headers.headers, toolchain.all_files]),
        command = 'log="$1"; shift; if "$@" 2>"$log"; then echo compiled >>"$log"; fi',
        arguments = [
            log.path,
            cc_common.get_tool_for_action(
                feature_configuration = features,
                action_name = action["action_name"],
            ),
        ] + cc_common.get_memory_inefficient_command_line(**action),
        env = cc_common.get_environment_variables(**action),
        mnemonic = "CompileFail",
        progress_message = "Compiling %s, %s" % (ctx.file.src.short_path, case or "no case"),
    )
    return log

def _quote(text):
    return "'%s'" % text.replace("'", "'\\''")

_compile_fail_test = rule(
    implementation = _impl,
    attrs = {
        "cases": attr.string_dict(mandatory = True),
        "deps": attr.label_list(providers = [CcInfo]),
        "src": attr.label(allow_single_file = [".cc"], mandatory = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    test = True,
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
