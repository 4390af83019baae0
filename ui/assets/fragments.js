// After a part of a page was swapped: say where one is, as a new page would.

const asked = (event) => event.detail.requestConfig?.boosted;

document.addEventListener("htmx:afterSwap", (event) => {
  if (!asked(event)) return;
  const part = document.getElementById(event.detail.target.id);
  const heading = part?.querySelector("h1, h2");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus();
});

// Where the part does not come, the page is asked for as without a script.
for (const failed of ["htmx:sendError", "htmx:timeout", "htmx:swapError"]) {
  document.addEventListener(failed, (event) => {
    if (asked(event)) location.assign(event.detail.pathInfo.finalRequestPath);
  });
}
