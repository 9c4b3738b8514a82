#!/bin/bash
# The site answers.
set -u
curl -fsS -m 3 -o /dev/null http://www/ || exit 1
