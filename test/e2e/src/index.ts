export { ProductUnderTest, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';
