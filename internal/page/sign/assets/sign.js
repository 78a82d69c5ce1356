// Draws the pages of the documents and lets the stamp be moved on them, by pointer or arrow keys. The form beside it works without this file: whatever is chosen here is
// written into its fields and nowhere else.
const viewer = document.getElementById('viewer');
const el = (id) => document.getElementById(id);
const canvas = el('viewer-canvas');
const stamp = el('viewer-stamp');
const box = el('viewer-page');
const field = { page: el('page'), corner: el('corner'), x: el('place_x'), y: el('place_y') };
const share = { w: 0.36, h: 0.09 }; // of the page; the server keeps the same measure
let lib, doc, number = 1, drawing, scale = { w: 1, h: 1 };

function visible() { return el('stamp').checked; }

// size of the stamp as a share of this page: 198 by 62 points, less on a small page.
function measure(view) {
  const w = Math.min(198, view.width * 0.6);
  share.w = w / view.width;
  share.h = (w * 62 / 198) / view.height;
}

function own() {
  for (const o of field.corner.options) if (o.value === 'own') return o;
  const o = new Option(viewer.dataset.own, 'own');
  field.corner.add(o);
  return o;
}

// place gives the stamp's left and lower edge as shares of the page, from the fields.
function place() {
  const mx = 36 / scale.w, my = 36 / scale.h;
  const c = field.corner.value;
  if (c === 'own' && field.x.value !== '') return { x: Number(field.x.value), y: Number(field.y.value) };
  return { x: c.endsWith('left') ? mx : 1 - mx - share.w, y: c.startsWith('bottom') ? my : 1 - my - share.h };
}

function show() {
  const on = visible();
  stamp.hidden = !on;
  el('place-fields').hidden = !on;
  if (!on) return;
  const p = place();
  stamp.style.left = p.x * 100 + '%';
  stamp.style.bottom = p.y * 100 + '%';
  stamp.style.width = share.w * 100 + '%';
  el('viewer-box').style.height = share.h * box.clientHeight + 'px'; // the button around it stays large enough for a finger
}

function move(x, y) {
  x = Math.min(Math.max(x, 0), 1 - share.w);
  y = Math.min(Math.max(y, 0), 1 - share.h);
  field.x.value = x.toFixed(4);
  field.y.value = y.toFixed(4);
  own().selected = true;
  field.page.value = String(number);
  show();
}

async function draw() {
  const page = await doc.getPage(number);
  const plain = page.getViewport({ scale: 1 });
  scale = { w: plain.width, h: plain.height };
  measure(plain);
  const wide = Math.max(280, box.clientWidth);
  const view = page.getViewport({ scale: Math.min(3, wide / plain.width * Math.min(2, devicePixelRatio || 1)) });
  if (drawing) drawing.cancel();
  box.style.aspectRatio = plain.width + ' / ' + plain.height;
  canvas.width = view.width;
  canvas.height = view.height;
  drawing = page.render({ canvas, canvasContext: canvas.getContext('2d'), viewport: view });
  try { await drawing.promise; } catch (e) { if (e.name !== 'RenderingCancelledException') throw e; }
  el('viewer-number').textContent = viewer.dataset.of.replace('#', number).replace('#', doc.numPages);
  el('viewer-back').disabled = number <= 1;
  el('viewer-next').disabled = number >= doc.numPages;
  show();
}

function turn(to) {
  number = Math.min(Math.max(to, 1), doc.numPages);
  if (visible()) field.page.value = String(number);
  return draw();
}

async function open(path) {
  if (doc) await doc.destroy();
  doc = await lib.getDocument({ url: path, isEvalSupported: false, enableXfa: false, useWasm: false, useSystemFonts: true, disableAutoFetch: true }).promise;
  const wanted = Number(field.page.value);
  number = wanted >= 1 && wanted <= doc.numPages ? wanted : doc.numPages;
  await draw();
}

function failed() {
  viewer.textContent = viewer.dataset.failed;
}

async function begin() {
  lib = await import(viewer.dataset.pdf);
  lib.GlobalWorkerOptions.workerSrc = viewer.dataset.worker;
  const which = el('viewer-document');
  viewer.classList.add('ready'); // browsers that do not tell the style sheet of scripts show it only now
  if (field.x.value !== '') own().selected = true;
  which.addEventListener('change', () => open(which.value).catch(failed));
  el('viewer-back').addEventListener('click', () => turn(number - 1));
  el('viewer-next').addEventListener('click', () => turn(number + 1));
  field.page.addEventListener('change', () => { const n = Number(field.page.value); if (n >= 1) turn(n); });
  field.corner.addEventListener('change', show);
  document.querySelectorAll('[name=stamp]').forEach((r) => r.addEventListener('change', show));
  let held;
  stamp.addEventListener('pointerdown', (e) => {
    const b = box.getBoundingClientRect(), s = stamp.getBoundingClientRect();
    held = { b, dx: e.clientX - s.left, dy: s.bottom - e.clientY };
    stamp.setPointerCapture(e.pointerId);
  });
  stamp.addEventListener('pointermove', (e) => {
    if (held) move((e.clientX - held.dx - held.b.left) / held.b.width, (held.b.bottom - e.clientY - held.dy) / held.b.height);
  });
  for (const end of ['pointerup', 'pointercancel']) stamp.addEventListener(end, () => { held = null; });
  canvas.addEventListener('click', (e) => {
    const b = box.getBoundingClientRect();
    if (visible()) move((e.clientX - b.left) / b.width - share.w / 2, (b.bottom - e.clientY) / b.height - share.h / 2);
  });
  stamp.addEventListener('keydown', (e) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
    if (!step) return;
    e.preventDefault();
    const p = place(), by = e.shiftKey ? 0.05 : 0.01;
    move(p.x + step[0] * by, p.y + step[1] * by);
  });
  await open(which.value);
}

if (viewer) begin().catch(failed);
