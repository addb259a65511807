// The page reads without this: numbers then link to their runs, pictures to their files.
"use strict";
{
  const dialog = document.getElementById("dialog");
  const title = document.getElementById("dialog-title");
  const body = document.getElementById("dialog-body");

  const show = (heading, parts, wide) => {
    title.textContent = heading;
    body.replaceChildren(...parts);
    dialog.classList.toggle("wide", wide);
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  const copy = (node) => {
    const clone = node.cloneNode(true);
    clone.removeAttribute("id");
    for (const part of clone.querySelectorAll("[id]")) part.removeAttribute("id");
    return clone;
  };

  const showRuns = (link) => {
    const place = document.getElementById(link.hash.slice(1));
    const boxes = place.matches(".box") ? [place] : [...place.querySelectorAll(".box")];
    const parts = boxes.flatMap((box) => {
      const heading = document.createElement("h3");
      heading.textContent = box.closest("details").querySelector("summary").firstChild.textContent;
      return [heading, copy(box)];
    });
    show(place.closest(".group").querySelector("h3").textContent + ": runs", parts, false);
    const column = link.dataset.column;
    for (const cell of body.querySelectorAll("[data-column]")) {
      cell.classList.toggle("shown", cell.dataset.column === column);
    }
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.runs, a.zoom");
    if (event.target === dialog) dialog.close(); // the backdrop
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.matches(".runs")) showRuns(link);
    else show(link.firstElementChild.alt, [copy(link.firstElementChild)], true);
  });

  const openTarget = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const details = target && target.closest("details");
    if (details) details.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();
}
