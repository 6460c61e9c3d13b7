"""`layers_test`: which concept may depend on which."""

def layers_test(name, layers, roots):
    """Fails if a concept reaches what its row doesn't allow, and shows a path by which it does.

    Args:
      name: the test's.
      layers: a row for each concept, lowest first: from its package to the packages and repositories
        that it may depend on. What those may depend on is allowed too.
      roots: the targets to start from, for a concept that has no one target named after it.
    """
    allowed = {}
    paths = []
    for concept, direct in layers.items():
        allowed[concept] = ["//%s[:/]" % concept]
        for other in direct:
            allowed[concept] += allowed.get(other, ["%s//" % other])
        path = "%s_%s" % (name, concept.replace("/", "_"))
        scope = roots.get(concept, ["//" + concept])
        targets = "set(%s)" % " ".join(scope)
        native.genquery(
            name = path,
            testonly = True,
            expression = "somepath({0}, filter('^(?!{1})', deps({0})))".format(
                targets,
                "|".join(allowed[concept]),
            ),
            opts = ["--nohost_deps", "--noimplicit_deps"],
            scope = scope,
        )
        paths.append(path)
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["layers_test.sh"],
        args = ["$(rootpath %s)" % path for path in paths],
        data = paths,
        tags = ["compile_only"],
    )
