"""The JSON files that jobs write: schemas, checks, provenance."""
