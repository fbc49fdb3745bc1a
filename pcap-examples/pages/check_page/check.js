// Runs in a page and returns what is wrong with what the page shows, as lines of text, and what it has.
(() => {
  const problems = [];
  const width = document.documentElement.clientWidth;
  const quoted = (text) => JSON.stringify(text.length > 60 ? text.slice(0, 57) + "…" : text);
  const svgs = [...document.querySelectorAll("svg")].filter((svg) => svg.getClientRects().length > 0);

  // The rectangles of all visible texts. Line boxes are higher than letters.
  const boxes = [];
  const isScrolledAway = (owner, rect) => {
    for (let node = owner.parentElement; node && node !== document.documentElement && node !== document.body; node = node.parentElement) {
      if (node instanceof SVGElement || !["auto", "scroll"].includes(getComputedStyle(node).overflowY)) continue;
      const outer = node.getBoundingClientRect();
      if (rect.top >= outer.bottom || rect.bottom <= outer.top) return true;
    }
    return false;
  };
  const add = (text, owner, rect, svg) => {
    if (rect.width < 1 || rect.height < 1 || isScrolledAway(owner, rect)) return;
    const cut = rect.height * 0.2;
    boxes.push({ text, owner, svg, left: rect.left, right: rect.right, top: rect.top + cut, bottom: rect.bottom - cut });
  };
  const shown = (element) => {
    const style = getComputedStyle(element);
    return style.display !== "none" && style.visibility !== "hidden";
  };
  for (const svg of svgs) {
    for (const text of svg.querySelectorAll("text")) {
      const own = [...text.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("");
      add(own, text, text.getBoundingClientRect(), svg);
    }
  }
  const walker = document.body ? document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT) : null;
  while (walker && walker.nextNode()) {
    const node = walker.currentNode;
    const owner = node.parentElement;
    if (!node.data.trim() || owner.closest("svg,script,style,title") || !shown(owner)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) add(node.data.trim(), owner, rect, null);
  }

  // Texts that cover each other.
  const covers = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const sorted = boxes.slice().sort((a, b) => a.top - b.top);
  sorted.forEach((a, at) => {
    for (let next = at + 1; next < sorted.length && sorted[next].top < a.bottom; next++) {
      const b = sorted[next];
      if (a.owner !== b.owner && covers(a, b)) problems.push(`the text ${quoted(a.text)} covers ${quoted(b.text)}`);
    }
  });

  // Texts outside of their picture, of the screen, or of a box that hides what does not fit.
  for (const box of boxes) {
    if (box.svg) {
      const outer = box.svg.getBoundingClientRect();
      const inside = box.left >= outer.left - 1 && box.right <= outer.right + 1 &&
        box.top >= outer.top - 1 && box.bottom <= outer.bottom + 1;
      if (!inside) problems.push(`the text ${quoted(box.text)} is outside of its picture`);
    }
    let scrolls = false;
    for (let node = box.owner; node && node !== document.documentElement && node !== document.body; node = node.parentElement) {
      if (node instanceof SVGElement) continue;
      const style = getComputedStyle(node);
      const outer = node.getBoundingClientRect();
      if (["auto", "scroll"].includes(style.overflowX)) scrolls = true;
      else if (["hidden", "clip"].includes(style.overflowX) && (box.left < outer.left - 1 || box.right > outer.right + 1)) {
        problems.push(`the text ${quoted(box.text)} is clipped`);
      }
    }
    if (matchMedia("print").matches) scrolls = false;
    if (!scrolls && (box.left < -1 || box.right > width + 1)) {
      problems.push(`the text ${quoted(box.text)} is outside of the screen`);
    }
  }
  if (document.body && document.documentElement.scrollWidth > width + 1) {
    problems.push(`the page is ${document.documentElement.scrollWidth} pixels wide, wider than the screen of ${width}`);
  }

  // Text is large enough, and can be told from the background.
  const rgb = (color) => (color.match(/[\d.]+/g) || []).slice(0, 3).map(Number);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((part) => {
      part /= 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const background = node.querySelector(":scope > .background");
      const color = background ? getComputedStyle(background).fill : getComputedStyle(node).backgroundColor;
      if (rgb(color).length === 3 && !/, 0\)$/.test(color)) return color;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches ? "rgb(18, 18, 18)" : "rgb(255, 255, 255)";
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const dim = new Set();
  for (const box of boxes) {
    const style = getComputedStyle(box.owner);
    const scale = box.svg ? box.svg.getBoundingClientRect().width / box.svg.viewBox.baseVal.width : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (size < 9) problems.push(`the text ${quoted(box.text)} has ${size.toFixed(1)} pixels, fewer than 9`);
    const color = box.svg ? style.fill : style.color;
    const background = behind(box.svg || box.owner);
    const ratio = contrast(color, background);
    if (ratio < 4.5) dim.add(`text of ${color} on ${background} has a contrast of ${ratio.toFixed(2)}, less than 4.5`);
  }
  problems.push(...dim);

  // Pictures have a title. Plots also have a description, and names of their axes with units.
  const ids = new Set();
  for (const element of document.querySelectorAll("[id]")) {
    if (ids.has(element.id)) problems.push(`the identifier ${element.id} exists twice`);
    ids.add(element.id);
  }
  for (const svg of svgs) {
    const title = svg.querySelector(":scope > title")?.textContent.trim();
    const name = quoted(title || svg.outerHTML.slice(0, 60));
    if (!title) problems.push(`the picture ${name} has no title`);
    if (svg.getAttribute("role") !== "img") problems.push(`the picture ${name} has no role`);
    if (!svg.matches(".plot")) continue;
    if (!svg.querySelector(":scope > desc")?.textContent.trim()) problems.push(`the plot ${name} has no description`);
    const axes = [...svg.querySelectorAll(".axis-name")].filter((axis) => axis.textContent.trim());
    if (axes.length !== Number(svg.dataset.axes)) {
      problems.push(`the plot ${name} names ${axes.length} axes, expected ${svg.dataset.axes}`);
    }
    for (const axis of axes) {
      const full = axis.querySelector("title")?.textContent || axis.textContent;
      if (!/\(.+\)|^Number of ./s.test(full)) problems.push(`the axis ${quoted(full)} of the plot ${name} has no unit`);
    }
  }
  if (document.body) {
    if (!document.documentElement.lang) problems.push("the page has no language");
    if (!document.title.trim()) problems.push("the page has no title");
    if (!document.querySelector("meta[name=viewport]")) problems.push("the page does not adapt to phones");
    for (const table of document.querySelectorAll("table")) {
      if (!table.caption?.textContent.trim()) problems.push("a table has no caption");
      if (!table.querySelector("th[scope=col]")) problems.push("a table has no headings");
    }
    let level = 0;
    for (const heading of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
      const own = Number(heading.tagName[1]);
      if (own > level + 1) problems.push(`the heading ${quoted(heading.textContent)} skips a level`);
      level = own;
    }
  }
  return { problems, pictures: svgs.length, texts: boxes.length, height: document.documentElement.scrollHeight };
})()
