"""`cc_grpc_library`: the C++ of gRPC services, named and shaped like upstream's."""

def cc_grpc_library(name, srcs, deps, grpc_only = True, **kwargs):
    """The services of one proto_library, included as "<import path>.grpc.pb.h".

    Args:
      name: the library's.
      srcs: one proto_library.
      deps: its cc_proto_library.
      grpc_only: as upstream; the messages are the cc_proto_library's, so nothing else is supported.
      **kwargs: handed to cc_library.
    """
    if not grpc_only or len(srcs) != 1:
        fail("cc_grpc_library takes one proto_library, and its cc_proto_library in deps")
    generated = name + "_generated"
    _generate_grpc(name = generated, proto = srcs[0])
    for group in ["hdrs", "srcs"]:
        native.filegroup(
            name = "%s_%s" % (generated, group),
            srcs = [":" + generated],
            output_group = group,
        )
    native.cc_library(
        name = name,
        srcs = [":%s_srcs" % generated],
        hdrs = [":%s_hdrs" % generated],
        includes = [generated],
        deps = deps + ["@com_github_grpc_grpc//:grpc++"],
        **kwargs
    )

def _generate_grpc_impl(ctx):
    proto = ctx.attr.proto[ProtoInfo]

    # A source's import path is its path below this root, unless the root is the workspace's.
    prefix = "" if proto.proto_source_root == "." else proto.proto_source_root + "/"
    imports = [source.path[len(prefix):] for source in proto.direct_sources]
    stems = ["%s/%s.grpc.pb" % (ctx.label.name, path[:-len(".proto")]) for path in imports]
    hdrs = [ctx.actions.declare_file(stem + ".h") for stem in stems]
    srcs = [ctx.actions.declare_file(stem + ".cc") for stem in stems]
    root = [ctx.bin_dir.path, ctx.label.workspace_root, ctx.label.package, ctx.label.name]
    ctx.actions.run(
        inputs = proto.transitive_sources,
        outputs = hdrs + srcs,
        executable = ctx.executable._protoc,
        tools = [ctx.executable._plugin],
        arguments = ["-I" + path for path in proto.transitive_proto_path.to_list()] + [
            "--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path,
            "--grpc_out=" + "/".join([part for part in root if part]),
        ] + imports,
        mnemonic = "GenerateGrpc",
    )
    return [OutputGroupInfo(hdrs = depset(hdrs), srcs = depset(srcs))]

_generate_grpc = rule(
    implementation = _generate_grpc_impl,
    attrs = {
        "proto": attr.label(providers = [ProtoInfo], mandatory = True),
        "_plugin": attr.label(
            default = "@com_github_grpc_grpc//:grpc_cpp_plugin",
            cfg = "exec",
            executable = True,
        ),
        "_protoc": attr.label(
            default = "@com_google_protobuf//:protoc",
            cfg = "exec",
            executable = True,
        ),
    },
)
