import { describeWalk } from '../helpers/page-walk.ts'

describeWalk('alone')
