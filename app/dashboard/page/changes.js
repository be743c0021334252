/** What may be changed from the page, with the token. */

const MIB = 2 ** 20;
const $ = (id) => document.getElementById(id);
const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;

let mostBytes = 0;

function choose(select, names) {
  const known = [...select.options].map(({ value }) => value);
  if (known.join('\n') === names.join('\n')) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => new Option(name, name)));
  if (names.includes(chosen)) select.value = chosen;
}

/** The models that run. */
export function chooseModels(names) {
  choose($('from'), names);
}

async function readFiles() {
  const { available } = await (await fetch('/api/models')).json();
  choose($('to'), available ?? []);
}

/** What stays as long as the program runs. */
export async function readOnce() {
  const { device, version, changes, upload_max_mb } = await (await fetch('/api/identity')).json();
  $('identity').textContent = `${device}, version ${version}`;
  $('changes').hidden = !changes;
  $('read-only').hidden = changes;
  mostBytes = upload_max_mb * MIB;
  await readFiles();
}

const authorization = () => `Bearer ${$('token').value}`;

const ARGUMENTS = {
  switch: () => ({ model: $('from').value, file: $('to').value }),
  load: () => ({ file: $('to').value }),
  unload: () => ({ model: $('from').value }),
};

async function command(name) {
  const response = await fetch(`/api/commands/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: authorization() },
    body: JSON.stringify(ARGUMENTS[name]()),
  });
  const { ok, error, load_ms: took } = await response.json();
  if (!ok) return error;
  return took === undefined ? 'done' : `done, loaded in ${took.toFixed(1)} ms`;
}

/** Unlike fetch it tells how far it is. */
function send(file, query, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/models?${query}`);
    request.setRequestHeader('Authorization', authorization());
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.addEventListener('progress', ({ loaded, total }) => tell(loaded / total));
    request.addEventListener('load', () => resolve(JSON.parse(request.responseText)));
    request.addEventListener('error', () => reject(new Error('the program did not answer')));
    request.send(file);
  });
}

async function upload() {
  const [file] = $('file').files;
  if (file.size > mostBytes) {
    return `${file.name} has ${mib(file.size)}, and ${mib(mostBytes)} may be uploaded`;
  }
  const query = new URLSearchParams({
    file: $('name').value.trim() || file.name,
    replace: $('replace').checked,
  });
  const tell = (share) => {
    $('uploaded').textContent = share < 1 ? `${Math.floor(share * 100)} %` : 'is being checked…';
  };
  const { ok, error, file: name, takes_bytes: takes } = await send(file, query, tell);
  if (!ok) return error;
  await readFiles();
  $('to').value = name;
  return `${name} is there; it takes ${mib(takes)}`;
}

/** Answers a form in one line. Its buttons rest meanwhile. */
function answer(form, output, action) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const buttons = form.querySelectorAll('button');
    for (const button of buttons) button.disabled = true;
    output.textContent = `${event.submitter.textContent} is under way…`;
    output.textContent = await action(event.submitter).catch(({ message }) => message);
    for (const button of buttons) button.disabled = false;
  });
}

answer($('switch'), $('answer'), ({ value }) => command(value));
answer($('upload'), $('uploaded'), upload);
