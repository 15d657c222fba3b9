// Says when the network is away, and that what was sent did not arrive.
function say(text) {
  const notice = document.getElementById("network");
  if (!notice) return;
  notice.textContent = text;
  notice.hidden = !text;
}

const unsent = "That was not sent: the server did not answer. Nothing is lost; try again.";
document.addEventListener("htmx:sendError", () => say(unsent));
document.addEventListener("htmx:timeout", () => say(unsent));
document.addEventListener("htmx:afterOnLoad", () => say(""));
window.addEventListener("offline", () => say("You are offline. What you write stays here and is saved once the network is back."));
window.addEventListener("online", () => say(""));
