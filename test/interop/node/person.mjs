// A made-up person at a browser, for clients written in JavaScript: cookies, redirects followed by hand, forms filled by the names that
// docs/testing-your-service.md fixes.

import { writeFileSync } from "node:fs";

const tester = process.env.CHAVE_TESTER;

export const door = async (path) => (await fetch(tester + path)).json();

// Leaves a message for judges that are not JavaScript.
export const keep = (label, text) => process.env.CHAVE_KEEP && writeFileSync(`${process.env.CHAVE_KEEP}/${label}.xml`, text);

// Entities that a hidden value may hold.
const plain = (text) =>
  text.replace(/&#(\d+);/g, (_, n) => String.fromCodePoint(n)).replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found && plain(found[1]);
};

// The first form of a page that posts: where to, what it would send by itself, and what it asks for.
export function firstForm(page) {
  const form = /<form\b[^>]*\bmethod="post"[\s\S]*?<\/form>/i.exec(page.text)?.[0];
  if (!form) return undefined;
  const values = {};
  const asks = new Set();
  const boxes = [];
  for (const [tag] of form.matchAll(/<(?:input|select|button)\b[^>]*>/gi)) {
    const name = attribute(tag, "name");
    if (!name) continue;
    if (attribute(tag, "type") === "hidden") values[name] = attribute(tag, "value") ?? "";
    else asks.add(name);
    if (attribute(tag, "type") === "checkbox") boxes.push([name, attribute(tag, "value")]);
  }
  return { action: new URL(attribute(form, "action") ?? "", page.url).href, values, asks, boxes };
}

export class Person {
  #jar = new Map();

  // Who is generous shares what is optional too.
  constructor(who, generous = false) {
    this.who = who;
    this.generous = generous;
  }

  // Opens an address, or posts a form to it, and follows redirects; an address that begins with stop is not visited. A form that
  // a page of another origin posts comes without cookies, as browsers do for SameSite=Lax.
  async open(url, stop, form, origin, headers) {
    for (let hops = 0; hops < 12; hops++) {
      const cookie = [...this.#jar].map(([k, v]) => `${k}=${v}`).join("; ");
      const answer = await fetch(url, {
        method: form ? "POST" : "GET",
        body: form && new URLSearchParams(form),
        redirect: "manual",
        headers: { ...(form && origin ? { origin, "sec-fetch-site": "cross-site" } : { cookie }), "accept-language": "en", ...headers },
      });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/;\s*max-age=0/i.test(line)) this.#jar.delete(name);
        else this.#jar.set(name, value);
      }
      const next = answer.headers.get("location");
      const text = await answer.text();
      if (!next) return { url, text, status: answer.status };
      url = new URL(next, url).href;
      form = undefined;
      if (url.startsWith(stop)) return { url, arrived: true };
    }
    throw new Error("redirects go in circles");
  }

  // Goes from an address through every page and gives the address at which the service is reached, and the steps that were asked.
  async walk(from, stop, decision = "allow") {
    const { page, steps } = await this.#through(from, stop, decision);
    if (!page.arrived) throw new Error(`stuck after ${steps} at ${page.url}: ${page.status}`);
    return { url: new URL(page.url), steps };
  }

  // The same where the answer is a form that the browser is to post to the service (form_post, SAML). From is an address, or a form
  // that a page of the service posts: {action, values, origin}.
  async posts(from, stop, decision = "allow") {
    const { page, steps } = await this.#through(from, stop, decision);
    const form = page.arrived ? undefined : firstForm(page);
    if (!form?.action.startsWith(stop)) throw new Error(`stuck after ${steps} at ${page.url}: ${page.status} ${/CH-\d{4}/.exec(page.text) ?? ""}`);
    return { ...form, steps };
  }

  async #through(from, stop, decision) {
    let page = from.action ? await this.open(from.action, stop, from.values, from.origin) : await this.open(from, stop);
    const steps = [];
    while (!page.arrived) {
      const form = firstForm(page);
      const step = ["identifier", "pin", "code", "decision"].find((name) => form?.asks.has(name));
      if (!step || steps.length > 6) break;
      steps.push(step);
      const fill = Object.entries({ ...form.values, ...(await this.#answer(step, decision)) });
      page = await this.open(form.action, stop, this.generous ? [...fill, ...form.boxes] : fill);
    }
    return { page, steps };
  }

  async #answer(step, decision) {
    switch (step) {
      case "identifier":
        return { identifier: this.who.phone, country: "" };
      case "pin":
        return { pin: this.who.pin };
      case "code": {
        const messages = await door(`/inbox?to=${encodeURIComponent(this.who.phone)}`);
        return { code: messages.find((m) => m.code).code };
      }
      default:
        return { decision };
    }
  }
}

// Runs named checks in order and reports each on a line; the Go test reads them. One that fails ends the run: the others build on it.
export async function run(checks) {
  for (const [name, check] of checks) {
    try {
      await check();
      console.log(`ok ${name}`);
    } catch (e) {
      console.log(`not ok ${name}`);
      console.error(e);
      process.exit(1);
    }
  }
  console.log("done");
}
