// Asks the authenticator, and sends its answer with the form. Without scripts the page says what to do.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const listed = (credentials = []) => credentials.map((each) => ({ ...each, id: bytes(each.id) }));

const make = (asked) =>
  navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: listed(asked.excludeCredentials),
    },
  });

const use = (asked) =>
  navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      allowCredentials: listed(asked.allowCredentials),
    },
  });

const written = ({ id, rawId, type, response }) =>
  JSON.stringify({
    id,
    rawId: text(rawId),
    type,
    response: Object.fromEntries(
      ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]
        .filter((name) => response[name])
        .map((name) => [name, text(response[name])]),
    ),
  });

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const said = document.getElementById("passkey-said");
  const asks = form.dataset.passkey === "make" ? make : use;
  if (!window.PublicKeyCredential) {
    said.textContent = "This browser cannot use passkeys. Use another one, or sign in another way.";
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      const credential = await asks(JSON.parse(form.dataset.asked));
      form.elements.answer.value = written(credential);
      form.submit();
    } catch {
      said.textContent =
        "Nothing came from your phone, key or computer. Press the button to try again.";
    }
  });
}
