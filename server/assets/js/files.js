// Adds the progress to the form by which a file goes into the workstation; without this script it is posted as it is.
function start(form) {
  const field = form.querySelector('input[type="file"]');
  const bar = form.querySelector("[data-upload-bar]");
  const told = form.querySelector("[data-upload-told]");
  const button = form.querySelector("button");
  const limit = Number(form.dataset.limit);

  function tell(words, bad) {
    told.hidden = false;
    told.className = bad ? "error" : "dim";
    told.textContent = words;
  }

  form.addEventListener("submit", (event) => {
    const file = field.files[0];
    if (!file) return;
    event.preventDefault();
    if (file.size > limit) {
      tell(form.dataset.textLarge, true);
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("x-csrf-token", form.querySelector('[name="csrf"]').value);
    request.responseType = "json";
    bar.hidden = false;
    bar.value = 0;
    button.disabled = true;
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total > 0 ? loaded / total : 0;
      tell(`${Math.round(bar.value * 100)}%`, false);
    });
    const over = (words) => {
      bar.hidden = true;
      button.disabled = false;
      tell(words, true);
    };
    request.addEventListener("load", () => {
      if (request.status === 200) location.assign("/seat/files?p=uploads");
      else over(request.response?.text ?? form.dataset.textBroken);
    });
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => over(form.dataset.textBroken));
    const body = new FormData();
    body.append("file", file);
    request.send(body);
  });
}

document.querySelectorAll("[data-upload]").forEach(start);
