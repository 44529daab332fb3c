#!/bin/sh
# Three questions to aider, without a repository: each request carries its reminder behind the newest question.
cd "$(mktemp -d)" || exit 1
printf 'How do I read a file line by line in Python?\nAnd how do I write it to another file?\nThanks. Now in one function, please.\n/exit\n' |
  HOME="$PWD" OPENAI_API_BASE="$PROXY_URL" OPENAI_API_KEY=none aider --model "openai/$PROXY_MODEL" \
    --no-git --yes-always --no-show-model-warnings --no-check-update --no-analytics --no-pretty --no-stream \
    --map-tokens 0 --edit-format "${AIDER_FORMAT:-whole}"
