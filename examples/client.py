"""Ask the HTTP service: decide a claim, answer what it asks, wait politely, read a refusal.

Start a service first, from the project's folder: `payer-policy serve --no-keys --no-audit`; then run
`python examples/client.py [http://127.0.0.1:8080]`. With keys, set PAYER_POLICY_KEY. Only Python's own
library is needed. All people and claims here are synthetic.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

HERE = Path(__file__).parent


class Refused(Exception):
    """The service answered with a problem (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["title"])
        self.problem = problem


class Client:
    """A few lines around HTTP; any client does as well. OpenAPI is at `/openapi.json`."""

    def __init__(self, url: str, key: str | None = None, *, tries: int = 5) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._tries = tries

    def ask(self, path: str, body: Any = None) -> Any:
        """The JSON answer of a path; 503 is waited for as long as the service says.

        Raises:
            Refused: the service gave a problem instead.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, **({"Content-Type": "application/json"} if data else {})}
        for left in reversed(range(self._tries)):
            try:
                with urlopen(Request(self._url + path, data, headers), timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as error:
                if error.code == 503 and left:  # nothing was decided, so asking again is safe
                    time.sleep(float(error.headers.get("Retry-After", "1")))
                    continue
                raise Refused(json.load(error)) from None
        raise AssertionError("there is at least one try")


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    client = Client(url, os.environ.get("PAYER_POLICY_KEY"))
    print(f"Policies {client.ask('/readyz')['hash'][:12]}…")

    claim = json.loads((HERE / "claims" / "refill.json").read_text("utf-8"))
    del claim["$schema"]
    show(client.ask("/v1/decide", claim))

    # Before there is a claim: what does the policy ask?
    question = {"payer": "commercial-strict", "line_of_business": "commercial", "code": "J0945"}
    (required,) = client.ask("/v1/requirements", question)["policies"]
    print(
        f"\n{required['policy']['title']} would ask {len(required['questions'])} questions; first:"
    )
    for asked in required["questions"][:3]:
        print(f"  {asked['fact']}: {asked['question']}")

    # What is not known is asked for, never guessed; the answers go back in as facts.
    first_fill = json.loads(json.dumps(claim))
    first_fill["lines"][0]["code"] = "62362"
    outcome = client.ask("/v1/decide", first_fill)
    show(outcome)
    facts = {"trial.response": "not_favorable"}
    show(client.ask("/v1/decide", {**first_fill, "facts": facts}))

    # What is wrong with a request is told all at once, each with its place and what to type.
    try:
        client.ask("/v1/decide", {**claim, "facts": {"therapy.phase": "refil", "trial.day": "x"}})
    except Refused as error:
        print(f"\n{error.problem['title']}: {error.problem['detail']}")
        for problem in error.problem["problems"]:
            print(f"  {problem['location']['path']}: {problem['message']}; {problem['hint']}")


def show(outcome: dict[str, Any]) -> None:
    """One outcome in a few lines."""
    print(f"\n{outcome['claim_id']}: {outcome['decision']}")
    for determination in outcome["determinations"]:
        for found in determination["findings"]:
            if found["kind"] != "advise":
                codes = [found["group"], found["carc"], *found["rarcs"]]
                told = f" ({' '.join(code for code in codes if code)})" if any(codes) else ""
                print(f"  {found['kind']}: {found['because']}{told}")
        for asked in determination["missing"][:2]:
            print(f"  asked: {asked['question']}")


if __name__ == "__main__":
    main()
