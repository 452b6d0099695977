// What all pages have around them: the navigation, the adapter, and what to do where there is no device.
import { type ComponentChildren, render } from 'preact';
import type { PageDevice } from './device.ts';
import { pages } from './pages.ts';
import type { Handlers } from './protocol.ts';

interface ShellProps<H extends Handlers> {
  /** The page's name in the list of pages. */
  readonly page: string;
  readonly device: PageDevice<H>;
  readonly children: ComponentChildren;
}

export function Shell<H extends Handlers>({ page, device, children }: ShellProps<H>) {
  const { state, restart } = device;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <span class="brand">coin-webgpu</span>
        <nav aria-label="Pages">
          {pages.map(({ name, file, title }) => (
            <a key={name} href={file} aria-current={name === page ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <span class="adapter" aria-live="polite">
          {state.kind === 'ready' ? state.adapter.description : state.kind === 'starting' ? 'looking for a GPU …' : ''}
        </span>
      </header>
      {state.kind === 'lost' && (
        <div class="banner" role="alert">
          <p>
            <strong>The GPU device was lost</strong> ({state.message}). What you have edited is still here. A driver
            that was reset or updated, a laptop that went to sleep, or a kernel that ran too long can be why.
          </p>
          <button type="button" onClick={restart}>
            Start again
          </button>
        </div>
      )}
      <main id="main" tabIndex={-1}>
        {state.kind === 'missing' ? <Missing message={state.message} retry={restart} /> : children}
      </main>
    </>
  );
}

function Missing({ message, retry }: { message: string; retry(): void }) {
  return (
    <div class="missing" role="alert">
      <h1>There is no WebGPU here</h1>
      <p>{message}</p>
      <ul>
        <li>
          Chrome and Edge have it from release 113, Safari from 26, Firefox from 141 on Windows and 145 on Apple
          silicon.
        </li>
        <li>
          On Linux, Chrome asks for it: set <code>chrome://flags/#enable-unsafe-webgpu</code> to <em>Enabled</em>, or
          start it with <code>--enable-unsafe-webgpu --enable-features=Vulkan</code>.
        </li>
        <li>
          <code>chrome://gpu</code> tells whether a driver is on the browser's list of those that are known to fail.
        </li>
        <li>Pages have it over https and on localhost alone.</li>
      </ul>
      <button type="button" onClick={retry}>
        Look again
      </button>
    </div>
  );
}

/** Shows a page and, where the site has one, starts what lets it work without a network. */
export function show(page: ComponentChildren): void {
  render(page, document.getElementById('app') as HTMLElement);
  const { offline } = document.documentElement.dataset;
  if (offline) navigator.serviceWorker?.register(offline);
}
