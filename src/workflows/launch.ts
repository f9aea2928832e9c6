import { ApplicationFailure, sleep } from '@temporalio/workflow';
import { afterRefusal, firstRound, nextRound, roundSeconds, whyNotLaunched } from '../domain/launch';
import type { TestInstance } from '../domain/run';
import type { Ec2DeploySettings } from '../domain/settings';
import { duration, timedOut } from './failures';
import type { Proxies } from './proxies';
import type { RunFacts } from './undo-steps';

export interface LaunchOrder {
  readonly facts: RunFacts;
  readonly deploy: Ec2DeploySettings;
  readonly amiId: string;
  readonly steps: Proxies;
}

const MINUTE = 60_000;

/**
 * Launches the test instance with EC2: subnet after subnet, round after round, until one has room or the time is over. Which
 * launch was refused for certain is told by history, so that no two subnets ever get an instance.
 */
export async function launchInstance(order: LaunchOrder, tell: (progress: string) => void): Promise<TestInstance> {
  const { facts, deploy, amiId, steps } = order;
  const { settings, settingsRef } = facts.opened;
  const { pollSeconds } = settings;
  const { instanceType, timeoutMinutes } = deploy;
  const until = Date.now() + timeoutMinutes * MINUTE;
  const left = (): number => Math.max(until - Date.now(), 1);

  tell(`checking the instance profile ${deploy.instanceProfile}`);
  await steps.act(left()).checkProfile({ run: facts.run, settingsRef });
  const instanceId = await untilLaunched();
  facts.instance = { instanceId, volumeIds: [], server: null };
  tell(`waiting for ${instanceId} to run`);
  const { region } = settings.line;
  facts.instance = await steps.poll(left()).awaitLaunched({ region, amiId, instanceId, pollSeconds });
  return facts.instance;

  function tooLate(why: string): ApplicationFailure {
    return final(`the deploy was not done within ${duration(timeoutMinutes)}; ${why}`);
  }

  async function untilLaunched(): Promise<string> {
    let plan = firstRound(deploy.subnetIds);
    let told = '';
    for (let n = 1; ; n += 1) {
      if (plan.left.length === 0) {
        const why = whyNotLaunched(instanceType, plan);
        if (plan.open.length === 0) throw final(why);
        const pause = roundSeconds(pollSeconds, timeoutMinutes) * 1000;
        if (pause >= left()) throw tooLate(why);
        // Said once: a line for every round would fill the timeline.
        if (why !== told) tell(`waiting for room: ${why}`);
        told = why;
        await sleep(pause);
        plan = nextRound(plan);
      }
      const subnetId = plan.left[0] as string;
      if (told === '') tell(`launching a ${instanceType} in ${subnetId}`);
      facts.deployReached = true;
      const launch = await steps
        .launch(left())
        .launchInstance({ run: facts.run, settingsRef, amiId, n, subnetId, expires: facts.expires, pollSeconds })
        .catch((error: unknown) => {
          if (!timedOut(error) || plan.refused.length === 0) throw error;
          throw tooLate(whyNotLaunched(instanceType, plan));
        });
      if (launch.kind === 'launched') return launch.instanceId;
      facts.deployReached = false;
      plan = afterRefusal(plan, launch.refusal);
    }
  }
}

const final = (text: string): ApplicationFailure => ApplicationFailure.nonRetryable(text, 'Final');
