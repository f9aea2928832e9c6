/** The pages' one style sheet and one script. */

export const STYLE = `:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --back: #ffffff; --panel: #f6f8fa;
  --link: #0550ae; --good: #116329; --bad: #a40e26; --warn: #7d4e00; --accent: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9da7b3; --line: #30363d; --back: #0d1117; --panel: #161b22;
  --link: #79c0ff; --good: #56d364; --bad: #ff9492; --warn: #e3b341; --accent: #79c0ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; padding-block: .8rem; border-bottom: 1px solid var(--line); }
header .brand { font-weight: 700; text-decoration: none; color: inherit; }
header .who { margin-inline-start: auto; color: var(--soft); }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; }
h1 { font-size: 1.6rem; margin: 1.2rem 0 .4rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 1.8rem 0 .5rem; }
a { color: var(--link); } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: break-word; } th, td:first-child, td a, td code { white-space: nowrap; } td { max-width: 28rem; }
.wide { overflow-x: auto; } caption { text-align: left; color: var(--soft); padding: .3rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.steps { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem; }
.steps li { border: 1px solid var(--line); border-radius: .5rem; padding: .2rem .6rem; background: var(--panel); color: var(--soft); }
.steps li.passed { color: var(--good); } .steps li.current { color: var(--accent); border-color: var(--accent); font-weight: 600; }
.status { font-weight: 700; } .SUCCEEDED { color: var(--good); } .DENIED, .FAILED, .critical { color: var(--bad); font-weight: 600; }
.CANCELED, .high, .AWAITING_APPROVAL { color: var(--warn); font-weight: 600; }
form.panel, .notice { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
label { display: block; font-weight: 600; margin-top: .5rem; } input, select, textarea { font: inherit; width: 100%; max-width: 40rem; padding: .4rem; border: 1px solid var(--soft); border-radius: .3rem; background: var(--back); color: var(--text); }
button { font: inherit; padding: .4rem 1rem; margin: .8rem .5rem 0 0; border: 1px solid var(--soft); border-radius: .3rem; background: var(--back); color: var(--text); cursor: pointer; }
button.approve { border-color: var(--good); color: var(--good); } button.deny { border-color: var(--bad); color: var(--bad); }
label.box { font-weight: 400; } label.box input { width: auto; } .help { margin: .2rem 0 0; color: var(--soft); }
fieldset { border: 1px solid var(--line); border-radius: .3rem; margin: 1rem 0 0; } [aria-invalid] { border-color: var(--bad); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
form.inline { display: flex; flex-wrap: wrap; gap: .8rem; align-items: end; } form.inline input, form.inline select { width: auto; } header form button { margin: 0; }
code { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; } footer { color: var(--soft); padding-block: 2rem; }
`;

/** Keeps the parts marked `data-live` current, and never takes away what somebody is typing. */
export const SCRIPT = `(() => {
  const page = document.querySelector('[data-refresh]');
  if (!page) return;
  const wait = Number(page.dataset.refresh) * 1000;
  const typed = () => [...document.querySelectorAll('textarea')].some((field) => field.value !== '');
  const look = async () => {
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin' });
      if (answer.redirected) return location.reload();
      if (answer.ok) {
        const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const state = next.querySelector('[data-refresh]')?.dataset.state;
        if (state !== page.dataset.state) {
          if (!typed()) return location.reload();
          document.getElementById('changed').hidden = false;
          return;
        }
        for (const old of document.querySelectorAll('[data-live]')) {
          const fresh = next.getElementById(old.id);
          if (fresh && fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
        }
      }
    } catch {
      // The server is away: the next look may find it.
    }
    setTimeout(look, wait);
  };
  setTimeout(look, wait);
})();
`;
