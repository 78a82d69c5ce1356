#!/bin/sh
# Signs a made-up person in to the demo's hospital with nothing but curl, and prints what the hospital would learn.
set -eu
tester=${CHAVE_TESTER:-http://localhost:8090} issuer=${CHAVE_ISSUER:-http://localhost:8080}
cd "$(mktemp -d)" && trap 'rm -rf "$PWD"' EXIT

# Who, and to which service. The door writes one JSON member on a line.
member() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" | head -n 1; }
curl -fsS "$tester/people" >people.json # the first person can sign in without further ado
phone=$(member phone <people.json) pin=$(member pin <people.json)
curl -fsS "$tester/services" | sed -n '/"client_id": "hospital"/,/^  }/p' >service.json
secret=$(member client_secret <service.json)
redirect=$(sed -n '/redirect_uris/{n;s/^ *"\(.*\)"$/\1/p;}' service.json)

# The request, as any OpenID Connect library would make it.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
verifier=$(openssl rand 32 | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)

# visit goes on from redirect to redirect, and stops before it would open the service's own address.
visit() {
	while next=$(curl -fsS -b jar -c jar -o page.html -w '%{redirect_url}' "$@") && [ -n "$next" ]; do
		at=$next
		case $next in "$redirect"*) return ;; esac
		set -- "$next"
	done
}
# fill posts the page's form: its hidden field, and what a person would type.
fill() { visit "$at" --data-urlencode "step=$(sed -n 's/.*name="step" value="\([^"]*\)".*/\1/p' page.html | head -n 1)" "$@"; }

visit -G "$issuer/oauth2/authorize" -d response_type=code -d client_id=hospital --data-urlencode "redirect_uri=$redirect" \
	-d scope=openid+profile -d state=s1 -d nonce=n1 -d code_challenge_method=S256 -d "code_challenge=$challenge"
fill --data-urlencode "identifier=$phone" -d country=
fill -d "pin=$pin"
code=$(curl -fsS -G "$tester/inbox" --data-urlencode "to=$phone" | member code)
fill -d "code=$code"
fill -d decision=allow

# Back at the service: the code becomes tokens.
code=$(printf %s "$at" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')
curl -fsS -u "hospital:$secret" "$issuer/oauth2/token" -d grant_type=authorization_code -d "code=$code" \
	--data-urlencode "redirect_uri=$redirect" -d "code_verifier=$verifier" >tokens.json
token=$(tr ',{}' '\n' <tokens.json | sed -n 's/^ *"access_token": *"\(.*\)"$/\1/p')
curl -fsS "$issuer/oauth2/userinfo" -H "Authorization: Bearer $token"
