# What is read first: the verdict, and a page with everything on it.


localrules:
    verdict,
    page,


rule verdict:
    input:
        measures="<results>/tables/runs.csv",
        tables=expand("<results>/tables/table_{number}.csv", number=range(1, 6)),
        comparisons="<results>/tables/comparisons.csv",
        figures=expand("<results>/figures/{figure}.json", figure=figures(PAPER_FIGURES)),
        library=library("scripts/verdict.py"),
    output:
        csv="<results>/verdict.csv",
        md=report("<results>/verdict.md", caption="../report/verdict.rst", category="Verdict"),
        claims="<results>/claims.csv",
    log:
        "<results>/logs/verdict/verdict.log",
    conda:
        "../../envs/tables.yaml"
    params:
        notes=lambda w: [*notes(), *notes_on_figures(), note_on_readings()],
    message:
        "Compare every printed number and every claim with ours"
    shell:
        "python scripts/verdict.py --measures {input.measures:q} --tables {input.tables:q}"
        " --comparisons {input.comparisons:q} --figures {input.figures:q} {params.notes:q}"
        " --csv {output.csv:q} --md {output.md:q} --claims {output.claims:q} 2>&1 | tee {log:q}"


rule page:
    input:
        runs=runs,
        tables=expand("<results>/tables/table_{number}.csv", number=TABLE_READINGS),
        audit="<results>/tables/audit.csv",
        comparisons="<results>/tables/comparisons.csv",
        aggregates="<results>/tables/aggregates.csv",
        verdict="<results>/verdict.csv",
        claims="<results>/claims.csv",
        figures=expand("<results>/figures/{figure}.json", figure=figures()),
        pictures=expand("<results>/figures/{figure}.png", figure=figures()),
        citation="CITATION.cff",
        library=library("scripts/report.py"),
    output:
        "<results>/report.html",
    log:
        "<results>/logs/report/report.log",
    conda:
        "../../envs/tables.yaml"
    params:
        settings=settings_of_runs,
        seeds=config["seeds"],
        readings=json.dumps(config["readings"]),
        notes=lambda w: notes(missing=False),
    message:
        "Put everything on one page"
    shell:
        "python scripts/report.py --runs {input.runs:q} --settings {params.settings:q}"
        " --seeds {params.seeds} --readings {params.readings:q} --tables {input.tables:q}"
        " --audit {input.audit:q} --comparisons {input.comparisons:q}"
        " --aggregates {input.aggregates:q} --verdict {input.verdict:q}"
        " --claims {input.claims:q} --figures {input.figures:q} --citation {input.citation:q}"
        " {params.notes:q} --output {output:q} 2>&1 | tee {log:q}"


rule report:
    input:
        rules.verdict.output,
        rules.page.output,
