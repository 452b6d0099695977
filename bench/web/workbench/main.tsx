import { useDevice } from '../shell/device.ts';
import { Shell, show } from '../shell/shell.tsx';
import { useAddress, useCatalogue } from './store.ts';
import { Workbench } from './workbench.tsx';
import type { WorkbenchHandlers } from './worker.ts';

function App() {
  const device = useDevice<WorkbenchHandlers>();
  const address = useAddress();
  const catalogue = useCatalogue(device);
  return (
    <Shell page="workbench" device={device}>
      <h1>Workbench</h1>
      {address.mistake && (
        <p class="mistake" role="alert">
          {address.mistake}
        </p>
      )}
      {catalogue && address.state ? (
        <Workbench device={device} catalogue={catalogue} state={address.state} change={address.change} />
      ) : (
        <p class="waiting">{device.state.kind === 'lost' ? '' : 'Loading the kernels …'}</p>
      )}
    </Shell>
  );
}

show(<App />);
