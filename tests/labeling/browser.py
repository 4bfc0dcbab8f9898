"""A reviewer's browser session: a log-in, a cookie, and the token that forms need."""

import httpx


class LoginError(RuntimeError):
    """The server is not ready, or does not know the password."""


def browser(url: str, email: str, password: str) -> httpx.Client:
    """A reviewer who is logged in, as their browser is."""
    client = httpx.Client(base_url=url, timeout=60, trust_env=False)
    page = client.get("/user/login/")
    if "csrftoken" not in client.cookies:
        client.close()
        raise LoginError(f"{email}: no form, {page.status_code}")
    form = {
        "email": email,
        "password": password,
        "csrfmiddlewaretoken": client.cookies["csrftoken"],
    }
    done = client.post("/user/login/", data=form, headers={"Referer": str(page.url)})
    if done.status_code != httpx.codes.FOUND:
        client.close()
        raise LoginError(f"{email}: {done.status_code}")
    client.headers.update({"X-CSRFToken": client.cookies["csrftoken"], "Referer": url})
    return client
