import { useDevice } from '../shell/device.ts';
import { Shell, show } from '../shell/shell.tsx';
import { AllResults, useAllResults } from './all_results.tsx';
import { CompareFiles } from './compare_files.tsx';
import { Suite } from './suite.tsx';
import type { SuiteHandlers } from './worker.ts';

function App() {
  const device = useDevice<SuiteHandlers>();
  const results = useAllResults();
  return (
    <Shell page="suite" device={device}>
      <h1>Suite</h1>
      <div class="suite">
        <Suite device={device} />
        <CompareFiles results={results} />
        <AllResults results={results} />
      </div>
    </Shell>
  );
}

show(<App />);
