// The kernels of the query engine.
export {cellsClear, cellsCount, cellsDropHistograms, cellsHistograms, cellsMask, cellsMerge, cellsRepeat, cellsSeen, cellsToSamples, rowsWithCells} from './cell';
export {cellsBinary, cellsClamp, cellsNegate, fmod} from './cell-arithmetic';
export {instantNewest, instantSteps} from './instant-steps';
export {instantRateSteps, rateSteps} from './window-rate';
export {dropStale, extremeSteps, overTimeSteps} from './window-over-time';
export {quantileOf, sortFloats} from './sort-floats';
export {aggregateFinish, aggregateRows} from './aggregate';
export {labelSetOf, labelSetsRehash, labelsFilter} from './label-sets';
export {writeFloat, writePoints, writeTimestamp} from './json-number';
export {writeLabels, writeText} from './json-text';
export {orderByBytes, orderByKeys, orderByValue, quantileSteps, selectFirst, selectMask, selectRatio, selectTop} from './select-rows';
export {extendedSteps, extendSamples, smoothedSteps} from './window-extended';
