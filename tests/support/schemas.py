"""Validates reports against published schemas: schemas.py XSD JUNIT JSON-SCHEMA SARIF. Prints what is wrong, exits with 1."""

import json
import sys

import jsonschema
import xmlschema

xsd, junit, schema, sarif = sys.argv[1:]
errors = [f"{error.path}: {error.reason}" for error in xmlschema.XMLSchema(xsd).iter_errors(junit)]
with open(schema, encoding="utf-8") as file:
    loaded = json.load(file)
    validator = jsonschema.validators.validator_for(loaded)(loaded)
with open(sarif, encoding="utf-8") as file:
    found = validator.iter_errors(json.load(file))
errors += [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
print("\n".join(errors))
sys.exit(bool(errors))
