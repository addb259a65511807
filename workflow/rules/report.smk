# What is read first: the verdict, and a page with everything on it.


localrules:
    verdict,
    page,


VERDICT = PUBLISHED / "verdict.md"  # on the paper
PAPER_FIGURES = [name for name in selection.drawable(config) if name.startswith("figure_")]


rule verdict:
    input:
        measures="<results>/tables/runs.csv",
        tables=expand("<results>/tables/table_{number}.csv", number=range(1, 6)),
        comparisons="<results>/tables/comparisons.csv",
        figures=expand("<results>/figures/{figure}.json", figure=PAPER_FIGURES),
    output:
        csv="<results>/verdict.csv",
        md=report("<results>/verdict.md", caption="../report/verdict.rst", category="Verdict"),
        claims="<results>/claims.csv",
    log:
        "<results>/logs/verdict/verdict.log",
    conda:
        "../../envs/tables.yaml"
    params:
        notes=arguments(
            "note",
            [
                *selection.notes(config),
                *selection.notes_on_figures(config),
                selection.note_on_readings(config),
            ],
        ),
        experiments=claim_records,
        told=lambda w: digest_of(claim_records(w)),
        titles=TITLES,
        code=code("scripts/verdict.py"),
    message:
        "Compare every printed number and every claim with ours"
    shell:
        'python "$SCRIPTS"/verdict.py --measures {input.measures:q} --tables {input.tables:q}'
        " --comparisons {input.comparisons:q} --figures {input.figures:q}"
        " --experiments {params.experiments:q} {params.notes:q}"
        " --csv {output.csv:q} --md {output.md:q} --claims {output.claims:q} 2>&1 | tee {log:q}"


rule page:
    input:
        selection=rules.selection.output,
        runs=runs,
        tables=expand("<results>/tables/table_{number}.csv", number=TABLE_READINGS),
        audit="<results>/tables/audit.csv",
        comparisons="<results>/tables/comparisons.csv",
        aggregates="<results>/tables/aggregates.csv",
        verdict="<results>/verdict.csv",
        claims="<results>/claims.csv",
        figures=expand("<results>/figures/{figure}.json", figure=selection.drawable(config)),
        pictures=expand("<results>/figures/{figure}.png", figure=selection.drawable(config)),
        studies=asked_studies,
        citation=os.path.relpath(PROJECT / "CITATION.cff"),
    output:
        "<results>/report.html",
    log:
        "<results>/logs/report/report.log",
    conda:
        "../../envs/tables.yaml"
    params:
        seeds=config["seeds"],
        readings=json.dumps(config["readings"]),
        notes=arguments(
            "note",
            [*selection.notes(config, missing=False), *selection.notes_on_images(config)],
        ),
        studies=lambda w: [str(path) for path in summaries()],
        told=lambda w: digest_of(shown_studies()),
        published=lambda w: arguments("published", [VERDICT] if VERDICT.exists() else []),
        titles=TITLES,
        code=code("scripts/report.py"),
    message:
        "Put everything on one page"
    shell:
        'python "$SCRIPTS"/report.py --selection {input.selection:q}'
        " --seeds {params.seeds} --readings {params.readings:q} --tables {input.tables:q}"
        " --audit {input.audit:q} --comparisons {input.comparisons:q}"
        " --aggregates {input.aggregates:q} --verdict {input.verdict:q}"
        " --claims {input.claims:q} --figures {input.figures:q} --citation {input.citation:q}"
        " --studies {params.studies:q} {params.notes:q} {params.published:q}"
        " --output {output:q} 2>&1 | tee {log:q}"


rule report:
    input:
        rules.verdict.output,
        rules.page.output,
