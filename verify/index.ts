export type {
  FileDifference,
  KernelRoute,
  PodRoutes,
  RouterFacts,
  RouterLook,
  Unread,
} from './router-look.ts';
export { verifyRouters } from './routers.ts';
export { type Cause, overall, type Subject, type Verdict, type VerdictKind } from './verdict.ts';
