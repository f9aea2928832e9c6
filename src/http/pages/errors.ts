/** Problems as pages. */
import type { PublicAddress } from '../options';
import { PROBLEMS, type Problem, type ProblemName } from '../problem';
import { html, type Html } from './html';

/** What went wrong, for somebody who looks at a page. */
export const errorPage = ({ url }: PublicAddress, { problem, detail, faults }: Problem): Html =>
  html`<h1>${PROBLEMS[problem].title}</h1>
    <p role="alert">${detail}</p>
    ${
      faults.length > 0 &&
      html`<ul>
        ${faults.map(({ detail: text, parameter, pointer }) => html`<li>${parameter ?? pointer} ${text}</li>`)}
      </ul>`
    }
    <p><a href="${url}/">To the list of runs</a></p>`;

/** What the `type` of a problem document leads to. */
export const problemPage = (name: ProblemName): Html =>
  html`<h1>${PROBLEMS[name].title}</h1>
    <p>
      Answers with the status ${PROBLEMS[name].status} carry this type. Their <code>detail</code> and
      <code>errors</code> say what it was in each case.
    </p>`;
