// Says before a session ends, in every window of it, and leaves the page when it does.
// The server ends the session by itself; without this script the page goes by a refresh.

const dialog = document.getElementById("session-ends");

// A page that a browser kept to go back to is asked for again: its session may be over.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

if (dialog) {
  const said = document.getElementById("session-ends-when");
  const stay = document.getElementById("session-stay");
  const over = document.getElementById("session-over");
  const { whose } = dialog.dataset;
  const warning = Number(dialog.dataset.warning) * 1000;
  const windows = new BroadcastChannel("connect-care-session");
  let ends = { idle: 0, longest: 0 };
  let words = "";
  let putAside = false;
  let left = false;

  const lasts = ({ idle, longest }) => {
    const now = Date.now();
    ends = { idle: now + idle * 1000, longest: now + longest * 1000 };
    windows.postMessage({ whose, ends });
  };

  // Nothing stays in sight, whatever becomes of the request.
  const leave = (why, tell = true) => {
    if (left) return;
    left = true;
    dialog.close();
    document.body.hidden = true;
    if (tell) windows.postMessage({ whose, over: why });
    over.elements.why.value = why;
    over.elements.next.value = location.pathname;
    over.submit();
  };

  const show = (milliseconds) => {
    const seconds = Math.ceil(milliseconds / 1000);
    const minutes = Math.ceil(seconds / 60);
    const when = seconds <= 60 ? "less than a minute" : `${minutes} minutes`;
    const final = ends.longest <= ends.idle;
    const next = final
      ? `You have been signed in for as long as is allowed, and will be signed out in ${when}. Finish, and sign in again.`
      : `You will be signed out in ${when}, because nothing was done here.`;
    if (next !== words) said.textContent = words = next;
    stay.hidden = final;
    if (dialog.open || putAside) return;
    dialog.showModal();
    (final ? over : stay).querySelector("button").focus();
  };

  const look = () => {
    const milliseconds = Math.min(ends.idle, ends.longest) - Date.now();
    if (milliseconds <= 0) {
      leave(ends.longest <= ends.idle ? "longest" : "idle");
    } else if (milliseconds <= warning) {
      show(milliseconds);
    } else {
      putAside = false;
      if (dialog.open) dialog.close();
    }
  };

  const goOn = async () => {
    const answer = await fetch(stay.action, {
      method: "POST",
      body: new FormData(stay),
      redirect: "manual",
    }).catch(() => null);
    if (!answer?.ok) return leave("idle");
    lasts(await answer.json());
    look();
  };

  stay.addEventListener("submit", (event) => {
    event.preventDefault();
    goOn();
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (!stay.hidden) return goOn();
    putAside = true;
    dialog.close();
  });
  // What a part of this page asked for shows as well that somebody is there.
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const asked = event.detail.requestConfig?.headers ?? {};
    // The server notes it once a minute: it may have been noted up to a minute before.
    const idle = Number(dialog.dataset.idle) - 60;
    const longest = Math.round((ends.longest - Date.now()) / 1000);
    const further = Date.now() + idle * 1000 > ends.idle;
    if (!asked["X-Unattended"] && further) lasts({ idle, longest });
  });
  windows.addEventListener("message", ({ data }) => {
    if (data.whose !== whose || "over" in data) {
      // Somebody else is signed in now, or nobody: the form's own token would not do.
      if (left) return;
      left = true;
      document.body.hidden = true;
      // The window that said so signs out first.
      const next = encodeURIComponent(location.pathname);
      setTimeout(() => location.replace(`/signed-out?why=${data.over ?? ""}&next=${next}`), 500);
    } else if (data.ends.idle > ends.idle) {
      ends = data.ends;
      look();
    }
  });
  for (const form of document.querySelectorAll('form[action$="/sign-out"]')) {
    form.addEventListener("submit", () => windows.postMessage({ whose, over: "" }));
  }
  document.addEventListener("visibilitychange", look);

  lasts({ idle: Number(dialog.dataset.idle), longest: Number(dialog.dataset.longest) });
  setInterval(look, 1000);
}
