// A provider of another maker, made to look like NHS CIS2 or like a council's own.
//
// Read from standard input: {modules, providers: [{port, client, acr, claims}]}. Who signs in says so
// by a form: account, acr, amr and the claims that the provider is to make of them.
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const text = await new Promise((done) => {
  let read = "";
  process.stdin.on("data", (part) => {
    read += part;
    if (read.endsWith("\n")) done(read);
  });
});
const wanted = JSON.parse(text);
const entry = createRequire(`${wanted.modules}/package.json`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(entry).href);

const said = new Map(); // what an account's claims are

const key = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
};

const body = (request) =>
  new Promise((done) => {
    let read = "";
    request.on("data", (part) => (read += part));
    request.on("end", () => done(new URLSearchParams(read)));
  });

function begin({ port, client }) {
  const issuer = `http://127.0.0.1:${port}`;
  let down = false;
  const made = () => {
    const provider = new Provider(issuer, {
      clients: [client],
      jwks: { keys: [key()] },
      acrValues: ["AAL1", "AAL2", "AAL3"],
      claims: {
        openid: ["sub", "acr", "amr", "sid", "selected_roleid"],
        nationalrbacaccess: ["nhsid_nrbac_roles"],
      },
      scopes: ["openid", "nationalrbacaccess"],
      conformIdTokenClaims: false,
      cookies: { keys: ["only of these tests"] },
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: { enabled: true },
      },
      enabledJWA: { clientAuthSigningAlgValues: ["RS512", "RS256"] },
      pkce: { required: () => true },
      fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
      findAccount: (_, sub) => ({
        accountId: sub,
        claims: () => ({ sub, ...said.get(sub) }),
      }),
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      async loadExistingGrant(ctx) {
        const grant = new ctx.oidc.provider.Grant({
          clientId: ctx.oidc.client.clientId,
          accountId: ctx.oidc.session.accountId,
        });
        grant.addOIDCScope("openid nationalrbacaccess");
        await grant.save();
        return grant;
      },
    });
    provider.on("server_error", (_, error) => console.error(error));
    provider.on("grant.error", (_, error) => console.error(error.message, error.error_detail));
    provider.on("authorization.error", (_, error) => console.error(error.message, error.error_description));
    provider.on("backchannel.error", (_, error) => console.error(error.message));
    return provider;
  };
  let provider = made();
  createServer(async (request, answer) => {
    try {
      if (request.url === "/tests/rotate") provider = made();
      if (request.url === "/tests/down") down = true;
      if (request.url === "/tests/up") down = false;
      if (request.url.startsWith("/tests/")) return answer.end("done");
      if (down) return request.socket.destroy();
      if (request.url.startsWith("/interaction/")) {
        if (request.method === "GET") return answer.end("Who are you?");
        const form = await body(request);
        if (form.get("cancel")) {
          return await provider.interactionFinished(request, answer, { error: "access_denied" });
        }
        const account = form.get("account");
        said.set(account, JSON.parse(form.get("claims") || "{}"));
        return await provider.interactionFinished(request, answer, {
          login: { accountId: account, acr: form.get("acr"), amr: form.get("amr").split(" ") },
        });
      }
      return provider.callback()(request, answer);
    } catch (error) {
      console.error(error);
      answer.writeHead(500).end();
    }
  }).listen(port, "127.0.0.1", () => console.log("ready"));
}

wanted.providers.forEach(begin);
process.stdin.on("end", () => process.exit(0));
