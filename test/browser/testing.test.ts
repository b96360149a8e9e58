import { describeTesting } from '../testing/suite.ts';

describeTesting();
